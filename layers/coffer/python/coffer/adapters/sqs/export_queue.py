"""The ExportQueue port on SQS."""

from __future__ import annotations

from datetime import timedelta

from coffer.adapters.sqs.event_queue import EventQueue
from coffer.domain.clock import Clock

SOURCE = "coffer.export"


class SqsExportQueue:
    """The queue that `build_export` reads."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._queue = EventQueue(url, clock)

    def enqueue(self, identifier: str, delay: timedelta = timedelta()) -> None:
        event = {
            "source": SOURCE,
            "detail-type": "Export Requested",
            "detail": {"exportId": identifier},
        }
        self._queue.send(event, delay)

"""The edge for queues and streams: a batch of records in, the failed ones out.

Lambda takes `batchItemFailures` from a handler (AWS, "Reporting batch item failures"). On a queue
every message is tried; on a stream the first failure ends the batch, because what comes behind it
in a shard must not overtake it. Each record has its own log lines, under the id of the event in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from coffer.observability import count, flush_metrics, logger, start_invocation

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
Remaining = Callable[[], timedelta]


def queue_handler(work: Callable[[dict[str, Any], int], None]) -> Handler:
    """A handler that does `work` for the EventBridge event in each message of a queue.

    `work` also gets how often the message has been received, this time included.
    """
    return timed_queue_handler(lambda event, attempt, _remaining: work(event, attempt))


def timed_queue_handler(work: Callable[[dict[str, Any], int, Remaining], None]) -> Handler:
    """A handler as `queue_handler` makes one, whose `work` can also ask how much time is left."""

    def lambda_handler(batch: Mapping[str, Any], context: Any) -> dict[str, Any]:
        def remaining() -> timedelta:
            return timedelta(milliseconds=context.get_remaining_time_in_millis())

        failed = []
        for message in batch["Records"]:
            start_invocation(message["messageId"])
            attempt = int(message.get("attributes", {}).get("ApproximateReceiveCount", 1))
            try:
                work(json.loads(message["body"]), attempt, remaining)
            except Exception:
                logger.exception("message failed", attempt=attempt)
                count("MessagesFailed")
                failed.append(message["messageId"])
        flush_metrics()
        return _failures(failed)

    return lambda_handler


def stream_handler(work: Callable[[Mapping[str, Any]], None]) -> Handler:
    """A handler that does `work` for each record of a DynamoDB stream, in order."""

    def lambda_handler(batch: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        failed = []
        for record in batch["Records"]:
            number = record["dynamodb"]["SequenceNumber"]
            start_invocation(record.get("eventID", number))
            try:
                work(record)
            except Exception:
                logger.exception("stream record failed", sequence_number=number)
                count("StreamRecordsFailed")
                failed.append(number)
                break
        flush_metrics()
        return _failures(failed)

    return lambda_handler


def _failures(identifiers: list[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}

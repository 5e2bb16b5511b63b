"""The ExportQueue port on SQS, without an AWS SDK: functions of the API import none for it."""

from __future__ import annotations

import json

from coffer.adapters.http_connections import CONNECTION_ERRORS, is_server_error
from coffer.adapters.signing.aws_json import AwsJsonClient
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError

_TIMEOUT_SECONDS = 5
SOURCE = "coffer.export"


class SqsExportQueue:
    """The queue that `build_export` reads."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._client = AwsJsonClient("sqs", "AmazonSQS", clock, timeout_seconds=_TIMEOUT_SECONDS)

    def enqueue(self, identifier: str) -> None:
        event = {
            "source": SOURCE,
            "detail-type": "Export Requested",
            "detail": {"exportId": identifier},
        }
        message = {"QueueUrl": self._url, "MessageBody": json.dumps(event)}
        try:
            response = self._client.call("SendMessage", message, is_server_error)
        except CONNECTION_ERRORS as error:
            raise _unavailable() from error
        if response.status != 200:
            raise _unavailable()


def _unavailable() -> UnavailableError:
    return UnavailableError("queue_unavailable", "The export cannot start right now. Try again.")

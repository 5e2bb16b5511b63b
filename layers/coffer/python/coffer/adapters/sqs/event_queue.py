"""Send events to a queue, without an AWS SDK: functions of the API import none for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from coffer.adapters.http_connections import CONNECTION_ERRORS, is_server_error
from coffer.adapters.signing.aws_json import AwsJsonClient
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError

_TIMEOUT_SECONDS = 5


class EventQueue:
    """A queue whose messages are events."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._client = AwsJsonClient("sqs", "AmazonSQS", clock, timeout_seconds=_TIMEOUT_SECONDS)

    def send(self, event: Mapping[str, Any], delay: timedelta = timedelta()) -> None:
        """Send an event that is visible after the delay; raise UnavailableError."""
        message: dict[str, Any] = {"QueueUrl": self._url, "MessageBody": json.dumps(event)}
        if delay:
            message["DelaySeconds"] = round(delay.total_seconds())
        try:
            response = self._client.call("SendMessage", message, is_server_error)
        except CONNECTION_ERRORS as error:
            raise _unavailable() from error
        if response.status != 200:
            raise _unavailable()


def _unavailable() -> UnavailableError:
    return UnavailableError("queue_unavailable", "The work cannot be queued right now. Try again.")

"""The ExportQueue port on SQS, by hand-signed requests: the API's functions import no SDK for it.

The protocol is AWS's JSON 1.0 for SQS (SQS Developer Guide, "AWS JSON protocol").
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlsplit

from coffer.adapters.http_connections import FAILURES, Host, Reply
from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.settings import aws_settings

_TIMEOUT_SECONDS = 5
_MAX_PASSING = 500
SOURCE = "coffer.export"


class SqsExportQueue:
    """The queue that build_export works off."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        endpoint = (
            aws_settings.aws_endpoint_url or f"https://sqs.{aws_settings.aws_region}.amazonaws.com"
        )
        self._endpoint = endpoint.rstrip("/") + "/"
        self._signer = Signer(role_credentials(), aws_settings.aws_region, "sqs")
        self._connection = Host(self._endpoint, timeout_seconds=_TIMEOUT_SECONDS).connection()

    def enqueue(self, identifier: str) -> None:
        event = {
            "source": SOURCE,
            "detail-type": "Export Requested",
            "detail": {"exportId": identifier},
        }
        message = {"QueueUrl": self._url, "MessageBody": json.dumps(event)}
        body = json.dumps(message).encode()
        headers = self._signer.sign_headers(
            "POST",
            self._endpoint,
            now=self._clock.now(),
            headers={
                "content-type": "application/x-amz-json-1.0",
                "x-amz-target": "AmazonSQS.SendMessage",
            },
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        try:
            reply = self._connection.request_patiently(
                "POST", urlsplit(self._endpoint).path, headers, body, is_passing=_is_passing
            )
        except FAILURES as error:
            raise _unavailable() from error
        if reply.status != 200:
            raise _unavailable()


def _is_passing(reply: Reply) -> bool:
    return reply.status >= _MAX_PASSING


def _unavailable() -> UnavailableError:
    return UnavailableError("queue_unavailable", "The export cannot be begun right now. Try again.")

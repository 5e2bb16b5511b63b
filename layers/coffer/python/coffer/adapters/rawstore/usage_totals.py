"""The UsageTotals port: one signed GetItem for each look, without an AWS client.

PynamoDB would do the same, but to import it takes longer than all the rest of a cold start of the
function that looks. `coffer.adapters.dynamodb.rawstore` writes the items.
"""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import Any

from coffer.adapters.http_connections import FAILURES, Host, Reply
from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.domain.rawstore.quotas import Totals
from coffer.settings import aws_settings

OWNER_PREFIX = "owner/"
"""Keys of the items that hold an owner's totals begin like this."""
TIMEOUT_SECONDS = 3.0

_TOTALS = ("publicBytes", "privateBytes")
_NOTHING = {"N": "0"}
_HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.GetItem",
}


class DynamoUsageTotals:
    """Reads totals from their table, over one kept connection."""

    def __init__(self, table: str, clock: Clock) -> None:
        region = aws_settings.aws_region
        url = aws_settings.aws_endpoint_url or f"https://dynamodb.{region}.amazonaws.com"
        self._url = url.rstrip("/")
        self._table = table
        self._clock = clock
        self._signer = Signer(role_credentials, region, "dynamodb")
        self._connection = Host(self._url, timeout_seconds=TIMEOUT_SECONDS).connection()

    def of(self, owner: str) -> Totals:
        body = json.dumps(
            {
                "TableName": self._table,
                "Key": {"usageId": {"S": f"{OWNER_PREFIX}{owner}"}},
                "ConsistentRead": True,
            }
        ).encode()
        reply = self._ask(body)
        if reply.status != HTTPStatus.OK:
            # A table or a right is missing: a fault of the deployment, to be seen in the log.
            raise OSError(f"DynamoDB answered {reply.status} {_kind(reply)}")
        return _totals(json.loads(reply.body).get("Item", {}))

    def _ask(self, body: bytes) -> Reply:
        """DynamoDB's answer; UnavailableError where there is none, or only trouble."""
        headers = self._signer.sign_headers(
            "POST",
            f"{self._url}/",
            now=self._clock.now(),
            headers=_HEADERS,
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        try:
            reply = self._connection.request_patiently(
                "POST", "/", headers, body, is_passing=_is_passing
            )
        except FAILURES as error:
            raise _unavailable() from error
        if _is_passing(reply):
            raise _unavailable()
        return reply


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "usage_unavailable", "What is used cannot be looked up right now. Try again."
    )


def _totals(item: dict[str, Any]) -> Totals:
    public, private = (int(item.get(name, _NOTHING)["N"]) for name in _TOTALS)
    return Totals(public, private)


def _is_passing(reply: Reply) -> bool:
    """Whether the answer may be another one soon: throttling, or trouble at the other end."""
    throttled = ("ThroughputExceeded", "Throttling", "RequestLimitExceeded")
    return reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(
        word in _kind(reply) for word in throttled
    )


def _kind(reply: Reply) -> str:
    """The error's own name, such as `ResourceNotFoundException`."""
    try:
        return str(json.loads(reply.body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return ""

"""Implement the UsageTotals port with one signed GetItem request and no AWS SDK.

Importing PynamoDB would take longer than the rest of a cold start of this function.
`coffer.adapters.dynamodb.rawstore` writes the items.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from coffer.adapters.http_connections import CONNECTION_ERRORS, HttpResponse, is_server_error
from coffer.adapters.signing.aws_json import AwsJsonClient
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.domain.rawstore.quotas import Totals

OWNER_PREFIX = "owner/"
"""The prefix of the keys of items with an owner's totals."""
TIMEOUT_SECONDS = 3.0

_TOTALS = ("publicBytes", "privateBytes")
_ZERO = {"N": "0"}
_THROTTLED = ("ThroughputExceeded", "Throttling", "RequestLimitExceeded")


class DynamoUsageTotals:
    """Reads the totals of owners from their table."""

    def __init__(self, table: str, clock: Clock) -> None:
        self._table = table
        self._client = AwsJsonClient(
            "dynamodb", "DynamoDB_20120810", clock, timeout_seconds=TIMEOUT_SECONDS
        )

    def of(self, owner: str) -> Totals:
        request = {
            "TableName": self._table,
            "Key": {"usageId": {"S": f"{OWNER_PREFIX}{owner}"}},
            "ConsistentRead": True,
        }
        try:
            response = self._client.call("GetItem", request, _is_temporary)
        except CONNECTION_ERRORS as error:
            raise _unavailable() from error
        if _is_temporary(response):
            raise _unavailable()
        if response.status != HTTPStatus.OK:
            # The table or a permission is missing: an error of the deployment, which is logged.
            raise OSError(f"DynamoDB responded {response.status} {_error_type(response)}")
        return _totals(json.loads(response.body).get("Item", {}))


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "usage_unavailable", "The storage in use cannot be looked up right now. Try again."
    )


def _totals(item: dict[str, Any]) -> Totals:
    public, private = (int(item.get(name, _ZERO)["N"]) for name in _TOTALS)
    return Totals(public, private)


def _is_temporary(response: HttpResponse) -> bool:
    """Return True for throttling and for errors of the server."""
    kind = _error_type(response)
    return is_server_error(response) or any(word in kind for word in _THROTTLED)


def _error_type(response: HttpResponse) -> str:
    """Return the name of the error, such as `ResourceNotFoundException`."""
    try:
        return str(json.loads(response.body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return ""

"""The EventBus port on EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from coffer.domain.errors import ChangeRefusedError
from coffer.settings import aws_settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "coffer"
_MAX_ENTRIES = 10
"""Entries in one PutEvents call (EventBridge quotas)."""
_REFUSALS = frozenset({"ValidationException", "InvalidArgument", "MalformedDetail"})
"""Error codes of requests and entries that fail however often they are sent."""


def event_bus_client() -> EventBridgeClient:
    """Return a client of EventBridge."""
    return boto3.client(
        "events",
        region_name=aws_settings.aws_region,
        config=Config(
            connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 4}
        ),
    )


class EventBridgeBus:
    """Publishes messages on one EventBridge bus."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._events = client
        self._name = name

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        codes: list[str | None] = []
        for start in range(0, len(messages), _MAX_ENTRIES):
            codes += self._put(messages[start : start + _MAX_ENTRIES])
        accepted = [code is None for code in codes]
        failed = set(codes) - {None}
        if failed and failed <= _REFUSALS:
            raise ChangeRefusedError(f"The event bus refuses a message: {failed}")
        return accepted

    def _put(self, messages: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Publish up to ten messages. Return the error code of each, None if it was accepted."""
        try:
            response = self._events.put_events(Entries=[self._entry(one) for one in messages])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _REFUSALS:
                raise
            if len(messages) == 1:
                return [code]
            # One message can be too large for the request, so each gets a request of its own.
            return [code for one in messages for code in self._put([one])]
        return [entry.get("ErrorCode") for entry in response["Entries"]]

    def _entry(self, message: Mapping[str, Any]) -> PutEventsRequestEntryTypeDef:
        detail = {name: value for name, value in message.items() if name != "type"}
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": message["type"],
            "Detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
        }

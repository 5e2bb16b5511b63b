"""The EventBus port on EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from coffer.settings import aws_settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "coffer"
_MAX_ENTRIES = 10
"""Entries in one PutEvents call (EventBridge quotas)."""


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
        accepted: list[bool] = []
        for start in range(0, len(messages), _MAX_ENTRIES):
            batch = messages[start : start + _MAX_ENTRIES]
            response = self._events.put_events(Entries=[self._entry(one) for one in batch])
            accepted += ["ErrorCode" not in entry for entry in response["Entries"]]
        return accepted

    def _entry(self, message: Mapping[str, Any]) -> PutEventsRequestEntryTypeDef:
        detail = {name: value for name, value in message.items() if name != "type"}
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": message["type"],
            "Detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
        }

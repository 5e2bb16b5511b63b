"""The AuditTrail and EventBus ports in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffer.domain.listing.counters import CounterChange


class InMemoryAudit:
    """The AuditTrail port."""

    def __init__(self) -> None:
        self.snapshots: dict[tuple[str, int], Mapping[str, Any]] = {}
        self.counted: list[CounterChange] = []

    def record(self, snapshot: Mapping[str, Any], counts: Sequence[CounterChange] = ()) -> None:
        key = (snapshot["instanceId"], snapshot["version"])
        if key not in self.snapshots:
            self.snapshots[key] = snapshot
            self.counted += counts


class RecordingBus:
    """The EventBus port; messages of the types in `refused` are not taken."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refused: set[str] = set()

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        taken = [message["type"] not in self.refused for message in messages]
        self.published += [m for m, was_taken in zip(messages, taken, strict=True) if was_taken]
        return taken

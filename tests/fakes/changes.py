"""The AuditTrail and EventBus ports in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffer.domain.errors import ChangeRefusedError
from coffer.domain.listing.counters import CounterChange


class InMemoryAudit:
    """The AuditTrail port; it refuses complete snapshots of the versions in `refused`."""

    def __init__(self) -> None:
        self.refused: set[int] = set()
        self.snapshots: dict[tuple[str, int], Mapping[str, Any]] = {}
        self.counted: list[CounterChange] = []

    def record(
        self, snapshot: Mapping[str, Any], counter_changes: Sequence[CounterChange] = ()
    ) -> None:
        key = (snapshot["instanceId"], snapshot["version"])
        is_shortened = snapshot.get("isShortened", False)
        if snapshot["version"] in self.refused and not is_shortened:
            raise ChangeRefusedError(f"{key} is too large")
        if key not in self.snapshots:
            self.snapshots[key] = snapshot
            self.counted += counter_changes
        elif self.snapshots[key].get("isShortened") and not is_shortened:
            self.snapshots[key] = snapshot


class RecordingBus:
    """The EventBus port; it refuses messages of the types in `refused`."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refused: set[str] = set()

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        accepted = [message["type"] not in self.refused for message in messages]
        self.published += [
            message for message, is_accepted in zip(messages, accepted, strict=True) if is_accepted
        ]
        return accepted

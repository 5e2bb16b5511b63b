"""Ports of the change stream: the audit table and the event bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from coffer.domain.listing.counters import CounterChange


class AuditTrail(Protocol):
    """Every version of every record, for ever."""

    def record(self, snapshot: Mapping[str, Any], counts: Sequence[CounterChange] = ()) -> None:
        """Keep a snapshot (`instanceId`, `version`, …) and count what it counts for, both or none.

        Kept already: nothing happens.
        """
        ...


class EventBus(Protocol):
    """The bus that tells every other system."""

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Put messages (`type` and its detail) on the bus; says for each whether it was taken.

        At least once: a repeated message has the same id, so that consumers can tell.
        """
        ...

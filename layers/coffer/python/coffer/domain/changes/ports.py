"""Ports of the change stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from coffer.domain.listing.counters import CounterChange

Snapshot = Mapping[str, Any]
"""An audit snapshot: `instanceId`, `version`, `snapshotType`, `author`, `state` and so on."""
Message = Mapping[str, Any]
"""A message for the event bus: its `type` and the members of its detail."""


class AuditTrail(Protocol):
    """Writes the snapshots of all versions of all records. They are kept forever."""

    def record(self, snapshot: Snapshot, counter_changes: Sequence[CounterChange] = ()) -> None:
        """Write a snapshot and add to the counters, in one transaction.

        Does nothing if the snapshot exists already. A shortened one (`isShortened`) is replaced by
        the complete one, and the counters are then left alone. Raises ChangeRefusedError if the
        snapshot is too large or invalid.
        """
        ...


class AuditReader(Protocol):
    """Reads audit snapshots."""

    def of_instance(self, instance_id: str, *, newest_first: bool = True) -> Iterator[Snapshot]:
        """Return the snapshots of one record in the order of their versions."""
        ...

    def of_author(self, author: str, *, newest_first: bool = True) -> Iterator[Snapshot]:
        """Return the snapshots of the changes that one user made, in the order of their times."""
        ...


class EventBus(Protocol):
    """The event bus that other systems subscribe to."""

    def publish(self, messages: Sequence[Message]) -> list[bool]:
        """Publish messages, each at least once; return True for each that the bus accepted.

        A repeated message has the same id, so that consumers can ignore it. Raises
        ChangeRefusedError if the bus refuses a message as too large or invalid, and accepted the
        others.
        """
        ...

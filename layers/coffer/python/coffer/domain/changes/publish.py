"""Publish changes of records.

A change becomes an audit snapshot and then messages on the event bus. A record's `version` counts
the changes that readers can see. A write that keeps the version, such as a claim, is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coffer.domain.changes.messages import create_messages
from coffer.domain.changes.ports import AuditTrail, EventBus, Message, Snapshot
from coffer.domain.changes.snapshots import AuditedRecord, create_snapshot, shorten_snapshot
from coffer.domain.errors import ChangeRefusedError, UnavailableError
from coffer.domain.export.ports import AccessKeys
from coffer.domain.export.record import AccessKey, Export, new_access_key
from coffer.domain.listing.counters import CounterChange, counter_changes
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype

_WITHOUT_COUNTERS = (ManagedAttribute, ObjectSubtype, Export)


@dataclass(frozen=True, kw_only=True)
class VisibleChange:
    """A change that readers can see: its audit snapshot, counter changes and messages.

    If a message has the key of an archive, `access_key` is what has to be stored of it before.
    """

    snapshot: Snapshot
    counter_changes: tuple[CounterChange, ...]
    messages: tuple[Message, ...]
    access_key: AccessKey | None = None


def describe_change(
    before: AuditedRecord | None, after: AuditedRecord | None, occurred_on: datetime
) -> VisibleChange | None:
    """Return the visible change between two states of a record; None if readers see none.

    The removal of an item is no change, because DynamoDB removes expired tombstones only.
    """
    if after is None or after.version == 0:
        return None
    if before is not None and before.version == after.version:
        return None
    key, access_key = None, None
    if isinstance(after, Export) and after.has_archive:
        key, access_key = new_access_key(after)
    return VisibleChange(
        snapshot=create_snapshot(before, after, occurred_on),
        counter_changes=_counter_changes(before, after),
        messages=create_messages(before, after, occurred_on, key),
        access_key=access_key,
    )


def publish_change(
    audit: AuditTrail, bus: EventBus, keys: AccessKeys, change: VisibleChange
) -> None:
    """Write the snapshot, then publish the messages, also if the snapshot exists already.

    Raises UnavailableError if the bus did not accept every message. The stream then delivers the
    change again, and the messages get the same ids. The key of an archive is a new one then.
    Raises ChangeRefusedError if the audit refused the snapshot, after a shortened one was written
    and the messages were published.
    """
    refusal: ChangeRefusedError | None = None
    try:
        audit.record(change.snapshot, change.counter_changes)
    except ChangeRefusedError as error:
        audit.record(shorten_snapshot(change.snapshot), change.counter_changes)
        refusal = error
    if change.access_key is not None:
        keys.add(change.access_key)
    if not all(bus.publish(change.messages)):
        raise UnavailableError("bus_unavailable", "The event bus did not accept every message.")
    if refusal is not None:
        raise refusal


def _counter_changes(
    before: AuditedRecord | None, after: AuditedRecord
) -> tuple[CounterChange, ...]:
    if isinstance(after, _WITHOUT_COUNTERS) or isinstance(before, _WITHOUT_COUNTERS):
        return ()
    return counter_changes(before, after)

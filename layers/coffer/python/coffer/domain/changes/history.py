"""List audit snapshots, also of records that were deleted long ago (as in object-store-api 1.31).

A caller may read a snapshot if they may read the record: the members of its group may, and
everybody who is signed in if the record was publicly releasable then or is part of the vocabulary.
Those of a derivative are for the members only, because they do not show if its sources are public.
An export's snapshots are for its owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.callers import Caller
from coffer.domain.changes.ports import AuditReader, Snapshot
from coffer.domain.clock import Clock
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.fields import json_bytes

MAX_ITEMS_READ, MAX_READ_TIME = 5000, timedelta(seconds=5)
"""Snapshots that one request reads at most, and for how long."""
MAX_PAGE_BYTES = 5_000_000
"""Bytes of the snapshots of a page as JSON. A Lambda response has at most 6 MB."""

_READABLE_BY_ALL = frozenset({"managed-attribute", "object-subtype"})
"""Types of records that belong to no group."""
_READABLE_BY_OWNER = frozenset({"object-export"})
_READABLE_BY_MEMBERS = frozenset({"derivative"})


@dataclass(frozen=True, kw_only=True)
class SnapshotQuery:
    """The snapshots that a request wants: those of a record, of an author, or of both.

    With `identifier`, which needs the `instance_id`, it wants the snapshots with this id.
    """

    identifier: str | None = None
    instance_id: str | None = None
    author: str | None = None
    newest_first: bool = True
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, kw_only=True)
class SnapshotPage:
    """A page of snapshots and their total number, which may be a lower bound."""

    snapshots: tuple[Snapshot, ...]
    total: int
    is_lower_bound: bool


def list_snapshots(
    audit: AuditReader, clock: Clock, caller: Caller, query: SnapshotQuery
) -> SnapshotPage:
    """Return the wanted snapshots that the caller may read, in the order of their versions.

    The page has fewer if they are too large for a response. One snapshot at a time is in memory,
    and those of the page.
    """
    deadline = clock.now() + MAX_READ_TIME
    if query.instance_id is not None:
        found = audit.of_instance(query.instance_id, newest_first=query.newest_first)
    else:
        found = audit.of_author(query.author or "", newest_first=query.newest_first)
    snapshots: list[Snapshot] = []
    total = size = 0
    is_lower_bound = False
    for number, snapshot in enumerate(found):
        if number == MAX_ITEMS_READ or clock.now() >= deadline:
            is_lower_bound = True
            break
        is_wanted = query.author in (None, snapshot["author"]) and (
            query.identifier is None or query.identifier == snapshot_id(snapshot)
        )
        if not is_wanted or not may_read_snapshot(caller, snapshot):
            continue
        total += 1
        if total <= query.offset or len(snapshots) == query.limit or size > MAX_PAGE_BYTES:
            continue
        size += json_bytes(snapshot)
        if size <= MAX_PAGE_BYTES or not snapshots:
            snapshots.append(snapshot)
    return SnapshotPage(snapshots=tuple(snapshots), total=total, is_lower_bound=is_lower_bound)


def snapshot_id(snapshot: Snapshot) -> str:
    """Return the id of a snapshot: that of its record, and the time of the change."""
    return f"{snapshot['instanceId']}/{snapshot['commitDateTime']}"


def may_read_snapshot(caller: Caller, snapshot: Snapshot) -> bool:
    """Return True if the caller might have read the record at the time of the snapshot."""
    state = snapshot["state"]
    type_ = str(snapshot["instanceId"]).partition("/")[0]
    if type_ in _READABLE_BY_ALL:
        return True
    if type_ in _READABLE_BY_OWNER:
        return caller.owns(str(state.get("createdBy")), snapshot.get("ownerSubject"))
    bucket = state.get("bucket")
    if bucket is None:
        return False
    is_public = type_ not in _READABLE_BY_MEMBERS and state.get("publiclyReleasable") is True
    return is_public or caller.may_read(bucket)


@contextmanager
def gone_if_deleted(audit: AuditReader, caller: Caller, instance_id: str) -> Iterator[None]:
    """Turn a NotFoundError of the block into a GoneError if the audit says the record was deleted.

    Tombstones expire after some time, audit snapshots never do.
    """
    try:
        yield
    except NotFoundError as error:
        last = next(audit.of_instance(instance_id), None)
        if last is None or last["snapshotType"] != "TERMINAL":
            raise
        if not may_read_snapshot(caller, last):
            caller.require_reader(str(last["state"].get("bucket")))
        raise GoneError(
            "record_deleted",
            f"{instance_id} was deleted. Its audit snapshots say when and by whom.",
            instance_id=instance_id,
        ) from error

"""History: what the audit tells of records, also of those that are long gone (reference, 4.12).

A snapshot may be read by whoever may read the record that it is of: by its group, and by everybody
who is signed in where it was publicly releasable then, or is of the vocabulary. An export's is its
owner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import GoneError, NotFoundError

MAX_ITEMS_READ = 5000
"""So many snapshots one request looks at."""

Snapshot = Mapping[str, Any]

_OF_EVERYBODY = frozenset({"managed-attribute", "object-subtype"})
"""Kinds of records that belong to no group: everybody who is signed in reads them."""
_OF_ONE_USER = frozenset({"object-export"})
"""Kinds of records that only who made them may read."""


class AuditReader(Protocol):
    """What finds snapshots; `instanceId`, `version`, `state` and so on are in each."""

    def of_instance(self, instance_id: str) -> Iterator[Snapshot]:
        """Those of one record, the newest first."""
        ...

    def of_author(self, author: str) -> Iterator[Snapshot]:
        """Those of the changes that one user made, the newest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class HistoryQuery:
    """Which snapshots are wanted: of a record, of an author, or of both."""

    instance_id: str | None = None
    author: str | None = None
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """A page of snapshots, and how many there are in all: at least, where nobody counted on."""

    snapshots: tuple[Snapshot, ...]
    total: int
    is_lower_bound: bool


def read_history(audit: AuditReader, caller: Caller, query: HistoryQuery) -> HistoryPage:
    """The snapshots that are asked for and that the caller may read, the newest first."""
    if query.instance_id is not None:
        found = audit.of_instance(query.instance_id)
    else:
        found = audit.of_author(query.author or "")
    looked_at = list(islice(found, MAX_ITEMS_READ + 1))
    listed = [
        one
        for one in looked_at[:MAX_ITEMS_READ]
        if may_read(caller, one) and query.author in (None, one["author"])
    ]
    return HistoryPage(
        snapshots=tuple(listed[query.offset : query.offset + query.limit]),
        total=len(listed),
        is_lower_bound=len(looked_at) > MAX_ITEMS_READ,
    )


def may_read(caller: Caller, snapshot: Snapshot) -> bool:
    """Whether the caller may read what the record was then."""
    state = snapshot["state"]
    kind = str(snapshot["instanceId"]).partition("/")[0]
    if kind in _OF_EVERYBODY:
        return True
    if kind in _OF_ONE_USER:
        return bool(state.get("createdBy") == caller.username)
    bucket = state.get("bucket")
    if bucket is None:
        return False
    return state.get("publiclyReleasable") is True or caller.may_read(bucket)


@contextmanager
def remembered(audit: AuditReader, caller: Caller, instance_id: str) -> Iterator[None]:
    """A record that the block doesn't find was perhaps deleted so long ago that its tombstone is
    gone, too: the audit never forgets."""
    try:
        yield
    except NotFoundError as error:
        last = next(audit.of_instance(instance_id), None)
        if last is None or last["snapshotType"] != "TERMINAL":
            raise
        if not may_read(caller, last):
            caller.require_role(Role.READ_ONLY, str(last["state"].get("bucket")))
        raise GoneError(
            "record_deleted",
            f"{instance_id} was deleted; its audit tells by whom and when.",
            instance_id=instance_id,
        ) from error

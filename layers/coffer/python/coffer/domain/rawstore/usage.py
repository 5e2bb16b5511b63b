"""Record the storage in use, per object and per owner, from S3 events.

S3 delivers events at least once and in any order, and numbers the events of one key. The record of
an object has the number of its latest event, so an older event that arrives late has no effect.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Protocol

from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectChangedError, ObjectMissingError, RecordChangedError
from coffer.domain.rawstore.datasets import is_private
from coffer.domain.rawstore.objects import DatasetObjects
from coffer.domain.rawstore.quotas import Totals

SEQUENCER_DIGITS = 64
MAX_ATTEMPTS = 8
TOMBSTONE_RETENTION = timedelta(days=30)
"""Longer than an event can stay in a queue and its dead-letter queue (4 + 14 days)."""


class UsageOutcome(StrEnum):
    """The result of an event."""

    ENTERED = "entered"
    LATE = "late"
    """A later event of the same key was recorded before."""
    OVERTAKEN = "overtaken"
    """The object was replaced or deleted since; another event is about that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The storage that one object uses. `owner` is None if the upload was not signed by us.

    For a deleted object this is a tombstone without a size, which expires.
    """

    key: str
    sequencer: str
    owner: str | None = None
    is_private: bool = False
    size_bytes: int = 0
    expires_at: datetime | None = None


class UsageRecords(Protocol):
    """The usage of objects, and the totals of owners."""

    def get(self, key: str) -> Usage | None:
        """Return the usage of an object."""
        ...

    def replace(self, before: Usage | None, after: Usage) -> None:
        """Replace the usage of an object and update the totals, in one transaction.

        Raises RecordChangedError if the usage is no longer `before`.
        """
        ...


def sortable_sequencer(text: str) -> str:
    """Return the sequencer of an S3 event, padded with zeros on the right so that it sorts.

    Sequencers are hexadecimal and have different lengths. The shorter of two is padded on the
    right before the comparison (S3 User Guide, "Event message structure").
    """
    return text.lower().ljust(SEQUENCER_DIGITS, "0")


def record_created(
    records: UsageRecords, objects: DatasetObjects, key: str, *, etag: str, sequencer: str
) -> UsageOutcome:
    """Record an object that was created according to an event."""

    def usage() -> Usage:
        stored = objects.describe(key, etag=etag)
        return Usage(
            key=key,
            sequencer=sortable_sequencer(sequencer),
            owner=stored.owner,
            is_private=is_private(stored.findability),
            size_bytes=stored.size_bytes,
        )

    return _record(records, key, sortable_sequencer(sequencer), usage)


def record_deleted(
    records: UsageRecords, clock: Clock, key: str, *, sequencer: str
) -> UsageOutcome:
    """Record a deleted object as a tombstone, for older events that arrive later."""

    def usage() -> Usage:
        return Usage(
            key=key,
            sequencer=sortable_sequencer(sequencer),
            expires_at=clock.now() + TOMBSTONE_RETENTION,
        )

    return _record(records, key, sortable_sequencer(sequencer), usage)


def total_changes(before: Usage | None, after: Usage) -> dict[str, Totals]:
    """Return the change of the totals of each owner, without changes of zero.

    A key that two owners use counts for the owner of the latest upload.
    """
    changes: dict[str, Totals] = {}
    for usage, sign in ((before, -1), (after, 1)):
        if usage is None or usage.owner is None:
            continue
        public, private = changes.get(usage.owner, Totals())
        size = sign * usage.size_bytes
        changes[usage.owner] = (
            Totals(public, private + size) if usage.is_private else Totals(public + size, private)
        )
    return {owner: change for owner, change in changes.items() if any(change)}


def _record(
    records: UsageRecords, key: str, sequencer: str, usage: Callable[[], Usage]
) -> UsageOutcome:
    """Replace an older usage by the result of `usage`; raises RecordChangedError after
    MAX_ATTEMPTS.

    `usage` is called once: its result depends on the ETag only.
    """
    usage = cache(usage)
    for _ in range(MAX_ATTEMPTS - 1):
        with suppress(RecordChangedError):
            return _record_once(records, key, sequencer, usage)
    return _record_once(records, key, sequencer, usage)


def _record_once(
    records: UsageRecords, key: str, sequencer: str, usage: Callable[[], Usage]
) -> UsageOutcome:
    before = records.get(key)
    if before is not None and before.sequencer >= sequencer:
        return UsageOutcome.LATE
    try:
        after = usage()
    except (ObjectMissingError, ObjectChangedError):
        return UsageOutcome.OVERTAKEN
    records.replace(before, after)
    return UsageOutcome.ENTERED

"""Keeping account of what is in the store: one entry a key, moved by S3's events.

Events come at least once and in any order. S3 numbers those of one key: an entry remembers the
number of the event that it is about, so that an earlier one that comes late changes nothing.
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
from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
)
from coffer.domain.rawstore.datasets import PRIVATE
from coffer.domain.rawstore.objects import PackageObjects
from coffer.domain.rawstore.quotas import Totals

SEQUENCER_DIGITS = 64
MAX_ATTEMPTS = 8
TRACE_LIFE = timedelta(days=30)
"""Longer than an event can wait in a queue and its dead-letter queue together (4 + 14 days)."""


class Account(StrEnum):
    """What became of an event."""

    ENTERED = "entered"
    LATE = "late"
    """A later event of the same key was there first."""
    OVERTAKEN = "overtaken"
    """The object it tells of has been replaced or deleted: another event tells of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a key takes up, and for whom: nobody, where the object's upload was not signed here.

    Of a deleted object it is a trace without size that expires.
    """

    key: str
    sequencer: str
    owner: str | None = None
    is_private: bool = False
    size_bytes: int = 0
    expires_at: datetime | None = None


class UsageRecords(Protocol):
    """The entries, with the owners' totals."""

    def get(self, key: str) -> Usage | None:
        """The entry of a key as it is now."""
        ...

    def replace(self, before: Usage | None, after: Usage) -> None:
        """Put `after` in the place of `before`, and move the totals with it: all of it, or nothing.

        Raises RecordChangedError where the entry is no longer `before`.
        """
        ...


def sequencer_of(text: str) -> str:
    """A number that S3 gave an event, in a form that sorts: padded on the left.

    They are hexadecimal and of different lengths (Amazon S3 User Guide, "Event message structure").
    """
    return text.lower().rjust(SEQUENCER_DIGITS, "0")


def enter_created(
    records: UsageRecords, objects: PackageObjects, key: str, *, etag: str, sequencer: str
) -> Account:
    """Account for the object that an event says was created."""

    def present() -> Usage:
        stored = objects.describe(key, etag=etag)
        return Usage(
            key=key,
            sequencer=sequencer_of(sequencer),
            owner=stored.owner,
            is_private=stored.findability == PRIVATE,
            size_bytes=stored.size_bytes,
        )

    return _enter(records, key, sequencer_of(sequencer), present)


def enter_deleted(records: UsageRecords, clock: Clock, key: str, *, sequencer: str) -> Account:
    """Account for the deletion of an object, and leave a trace for events that come later."""

    def present() -> Usage:
        return Usage(
            key=key,
            sequencer=sequencer_of(sequencer),
            expires_at=clock.now() + TRACE_LIFE,
        )

    return _enter(records, key, sequencer_of(sequencer), present)


def moved(before: Usage | None, after: Usage) -> dict[str, Totals]:
    """By how much the totals of which owners change with an entry; those that do not are left out.

    A key that two owners share is charged to whoever wrote it last.
    """
    totals: dict[str, Totals] = {}
    for usage, sign in ((before, -1), (after, 1)):
        if usage is None or usage.owner is None:
            continue
        public, private = totals.get(usage.owner, Totals())
        size = sign * usage.size_bytes
        totals[usage.owner] = (
            Totals(public, private + size) if usage.is_private else Totals(public + size, private)
        )
    return {owner: change for owner, change in totals.items() if any(change)}


def _enter(
    records: UsageRecords, key: str, sequencer: str, present: Callable[[], Usage]
) -> Account:
    """Put what `present` gives in the place of an older entry; RecordChangedError if never quiet.

    `present` may look at the object, and is asked once: by its entity tag it stays the same.
    """
    present = cache(present)
    for _ in range(MAX_ATTEMPTS - 1):
        with suppress(RecordChangedError):
            return _enter_once(records, key, sequencer, present)
    return _enter_once(records, key, sequencer, present)


def _enter_once(
    records: UsageRecords, key: str, sequencer: str, present: Callable[[], Usage]
) -> Account:
    before = records.get(key)
    if before is not None and before.sequencer >= sequencer:
        return Account.LATE
    try:
        after = present()
    except (ObjectMissingError, ObjectChangedError):
        return Account.OVERTAKEN
    records.replace(before, after)
    return Account.ENTERED

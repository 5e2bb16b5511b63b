"""Pages of audit snapshots stay small and are read in a limited time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakSet

import pytest

from coffer.domain.changes.history import MAX_PAGE_BYTES, SnapshotQuery, list_snapshots
from tests.fakes import FrozenClock
from tests.fakes.records import ADMIN, caller


class Weak(dict[str, Any]):
    """A snapshot that can be counted while it is in memory."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # dict has none


class Audit:
    """An AuditReader of snapshots that are created when they are read."""

    def __init__(self, count: int, size_bytes: int, clock: FrozenClock, pause: timedelta) -> None:
        self._count, self._size, self._clock, self._pause = count, size_bytes, clock, pause
        self._alive: WeakSet[Weak] = WeakSet()
        self.most_alive = self.read = 0

    def of_instance(
        self, instance_id: str, *, newest_first: bool = True
    ) -> Iterator[dict[str, Any]]:
        for number in range(self._count):
            self._clock.advance(self._pause)
            self.read += 1
            bucket = "aafc" if number % 2 == 0 else "secret"
            snapshot = Weak(
                instanceId=instance_id,
                author="alice",
                version=number,
                state={"bucket": bucket, "notes": "x" * self._size},
            )
            self._alive.add(snapshot)
            self.most_alive = max(self.most_alive, len(self._alive))
            yield snapshot

    def of_author(self, author: str, *, newest_first: bool = True) -> Iterator[dict[str, Any]]:
        return self.of_instance(author)


def audit(count: int, size_bytes: int = 10, pause: timedelta = timedelta()) -> Audit:
    return Audit(count, size_bytes, FrozenClock(), pause)


@pytest.mark.parametrize(
    "query", [SnapshotQuery(instance_id="metadata/x"), SnapshotQuery(author="alice")]
)
def test_large_snapshots_end_a_page_and_are_not_kept(query: SnapshotQuery) -> None:
    reader = audit(200, size_bytes=340_000)
    versions: list[int] = []
    offset = 0
    while True:
        wanted = replace(query, offset=offset, limit=1000)
        page = list_snapshots(reader, FrozenClock(), ADMIN, wanted)
        assert (page.total, page.is_lower_bound) == (200, False)
        if not page.snapshots:
            break
        assert len(page.snapshots) == MAX_PAGE_BYTES // 340_100
        versions += [one["version"] for one in page.snapshots]
        offset += len(page.snapshots)
        if len(versions) >= 42:
            break
    assert versions == list(range(len(versions)))
    assert reader.most_alive < 2 * MAX_PAGE_BYTES // 340_000 + 5


def test_one_snapshot_is_shown_however_large_it_is() -> None:
    reader = audit(3, size_bytes=MAX_PAGE_BYTES)
    page = list_snapshots(reader, FrozenClock(), ADMIN, SnapshotQuery(author="alice", offset=1))
    assert [one["version"] for one in page.snapshots] == [1]


def test_snapshots_are_read_for_at_most_five_seconds() -> None:
    clock = FrozenClock()
    reader = Audit(1000, 10, clock, timedelta(seconds=1))
    page = list_snapshots(reader, clock, ADMIN, SnapshotQuery(author="alice", limit=3))
    assert reader.read == 5
    assert (len(page.snapshots), page.total, page.is_lower_bound) == (3, 4, True)


def test_only_readable_snapshots_are_counted() -> None:
    page = list_snapshots(
        audit(10), FrozenClock(), caller(), SnapshotQuery(author="alice", offset=1, limit=2)
    )
    assert [one["version"] for one in page.snapshots] == [2, 4]
    assert (page.total, page.is_lower_bound) == (5, False)

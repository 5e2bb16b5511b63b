"""The orphan sweep removes uploads that were unclaimed for too long, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from coffer.domain.callers import ORPHAN_REMOVAL
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.uploads.delete import UploadDeletion
from coffer.domain.uploads.orphans import OrphanOutcome, OrphanRemoval
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload, UploadStatus
from tests.fakes import FrozenClock, InMemoryObjects, InMemoryUploads, with_hooks
from tests.fakes.files import PNG
from tests.fakes.hooks import once
from tests.fakes.records import FILE, identifier, upload

AGE = timedelta(days=20)
MOMENT = timedelta(microseconds=1)


class Store:
    """A store with uploads from noon, their bytes and thumbnails."""

    def __init__(self, *uploads: ObjectUpload, max_uploads: int = 100) -> None:
        self.clock = FrozenClock()
        self.uploads = InMemoryUploads(*uploads)
        self.objects = InMemoryObjects(self.clock)
        self.max_uploads = max_uploads
        for one in uploads:
            for key in (str(one.object_key), one.thumbnail_key):
                self.objects.replace(key, PNG, content_type="image/png")

    def sweep(
        self,
        *,
        after: timedelta = AGE + MOMENT,
        uploads: Uploads | None = None,
        dry_run: bool = False,
        time_is_up: Callable[[], bool] = lambda: False,
    ) -> list[OrphanOutcome]:
        self.clock.advance(after)
        records = uploads or self.uploads
        deletion = UploadDeletion(uploads=records, objects=self.objects, clock=self.clock)
        found = OrphanRemoval(
            uploads=records, deletion=deletion, clock=self.clock, max_uploads=self.max_uploads
        ).sweep(AGE, dry_run=dry_run, time_is_up=time_is_up)
        return [one.outcome for one in found]

    @property
    def record(self) -> ObjectUpload:
        return self.uploads.records[FILE]


def test_an_orphan_is_removed_with_its_thumbnail_and_leaves_a_tombstone() -> None:
    store = Store(upload())
    assert store.sweep() == [OrphanOutcome.REMOVED]
    assert not store.objects.keys
    record, now = store.record, store.clock.now()
    assert (record.deleted_on, record.deleted_by) == (now, ORPHAN_REMOVAL)
    assert record.version == upload().version + 1
    assert (record.awaiting, record.expires_at) == (None, now + TOMBSTONE_LIFETIME)


def test_an_upload_of_exactly_the_age_stays() -> None:
    store = Store(upload())
    assert store.sweep(after=AGE) == []
    assert store.sweep(after=MOMENT) == [OrphanOutcome.REMOVED]


@pytest.mark.parametrize(
    "kept",
    [
        upload(claimed_by="metadata/x", awaiting=None, awaiting_since=None),
        upload(status=UploadStatus.PENDING, awaiting=Awaiting.COMPLETION, version=0),
        upload(status=UploadStatus.REJECTED, awaiting=None, awaiting_since=None),
    ],
    ids=["claimed", "unfinished", "rejected"],
)
def test_other_uploads_are_never_read(kept: ObjectUpload) -> None:
    store = Store(kept)
    assert store.sweep(after=timedelta(days=1000)) == []
    assert store.record == kept
    assert len(store.objects.keys) == 2


def claim(store: Store) -> None:
    current = store.record
    store.uploads.replace(
        current, replace(current, claimed_by="metadata/x", awaiting=None, awaiting_since=None)
    )


@pytest.mark.parametrize("call", ["get", "replace"])
def test_an_upload_claimed_during_the_sweep_survives(call: str) -> None:
    store = Store(upload())
    racing = with_hooks(store.uploads, before=once(call, lambda: claim(store)))
    assert store.sweep(uploads=racing) == [OrphanOutcome.SPARED]
    assert store.record.claimed_by == "metadata/x"
    assert store.record.deleted_on is None
    assert len(store.objects.keys) == 2


def test_a_released_claim_starts_the_age_again() -> None:
    store = Store(upload())

    def give_back() -> None:
        claim(store)
        store.uploads.replace(
            store.record,
            replace(
                store.record,
                claimed_by=None,
                awaiting=Awaiting.CLAIM,
                awaiting_since=store.clock.now(),
            ),
        )

    assert store.sweep(uploads=with_hooks(store.uploads, before=once("get", give_back))) == [
        OrphanOutcome.SPARED
    ]
    assert store.sweep(after=AGE) == []
    assert store.sweep(after=MOMENT) == [OrphanOutcome.REMOVED]


def test_a_dry_run_lists_orphans_and_removes_nothing() -> None:
    store = Store(upload())
    assert store.sweep(dry_run=True) == [OrphanOutcome.LISTED]
    assert (store.record, len(store.objects.keys)) == (upload(), 2)


def test_a_run_is_limited_and_the_next_one_continues() -> None:
    store = Store(*(upload(file_identifier=identifier(n)) for n in range(3)), max_uploads=2)
    assert store.sweep() == [OrphanOutcome.REMOVED] * 2
    assert store.sweep(after=MOMENT) == [OrphanOutcome.REMOVED]


def test_a_run_ends_when_its_time_is_up() -> None:
    store = Store(*(upload(file_identifier=identifier(n)) for n in range(3)))
    times = iter([False, True])
    assert store.sweep(time_is_up=lambda: next(times)) == [OrphanOutcome.REMOVED]


def test_an_orphan_that_cannot_be_removed_does_not_stop_the_sweep() -> None:
    store = Store(upload(), upload(file_identifier=identifier(9)))

    def fail() -> None:
        raise OSError("no store")

    store.objects = with_hooks(store.objects, before=once("remove", fail))
    assert store.sweep() == [OrphanOutcome.FAILED, OrphanOutcome.REMOVED]
    assert store.record.awaiting is Awaiting.REMOVAL


def test_an_upload_that_vanishes_during_the_sweep_is_spared() -> None:
    store = Store(upload())
    racing = with_hooks(store.uploads, before=once("get", store.uploads.records.clear))
    assert store.sweep(uploads=racing) == [OrphanOutcome.SPARED]


def test_removing_twice_does_nothing_more() -> None:
    store = Store(upload())
    deletion = UploadDeletion(uploads=store.uploads, objects=store.objects, clock=store.clock)
    tombstone = deletion.mark_deleted(store.record, "alice")
    deletion.remove_bytes(tombstone)
    settled = store.record
    deletion.remove_bytes(tombstone)
    deletion.remove_bytes(settled)
    assert store.record == settled


def test_two_runs_can_remove_the_same_bytes() -> None:
    store = Store(upload())
    deletion = UploadDeletion(uploads=store.uploads, objects=store.objects, clock=store.clock)
    tombstone = deletion.mark_deleted(store.record, "alice")
    racing = with_hooks(
        store.uploads, before=once("replace", lambda: deletion.remove_bytes(tombstone))
    )
    UploadDeletion(uploads=racing, objects=store.objects, clock=store.clock).remove_bytes(tombstone)
    assert store.record.awaiting is None

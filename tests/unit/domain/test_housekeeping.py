"""Housekeeping: what was left half-way is finished or removed, and nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.housekeeping import MIN_AGE, Housekeeping
from coffer.domain.metadata.delete import Cascade
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import MAX_COPY_BYTES, QueuedLargeFiles
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.promotion import Promotion
from coffer.domain.uploads.record import Awaiting, ObjectUpload, UploadStatus, incoming_key
from tests.fakes import (
    FrozenClock,
    InMemoryCatalogue,
    InMemoryObjects,
    InMemoryQueue,
    InMemoryUploads,
    with_hooks,
)
from tests.fakes.clocks import NOON
from tests.fakes.exports import nothing_to_clear
from tests.fakes.files import PNG
from tests.fakes.hooks import once
from tests.fakes.objects import etag_of
from tests.fakes.records import identifier, pending, upload

LATER = MIN_AGE + timedelta(seconds=1)


class House:
    """A house in which things were left at noon."""

    def __init__(self, *uploads: ObjectUpload, max_tasks: int = 1000) -> None:
        self.clock = FrozenClock()
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.objects = InMemoryObjects(self.clock)
        self.queue = InMemoryQueue()
        self.large = InMemoryQueue()
        self.max_copy_bytes = MAX_COPY_BYTES
        self.max_tasks = max_tasks

    def store(self, key: str) -> None:
        self.objects.replace(key, PNG, content_type="image/png")

    def keep(self, *, after: timedelta = LATER, uploads: Uploads | None = None) -> dict[str, int]:
        self.clock.advance(after)
        uploads = uploads or self.uploads
        return dict(
            Housekeeping(
                uploads=uploads,
                objects=self.objects,
                queue=self.queue,
                promotion=Promotion(
                    uploads=uploads,
                    objects=self.objects,
                    clock=self.clock,
                    max_bytes=1000,
                    stream_hash_limit_bytes=1000,
                    large_files=QueuedLargeFiles(queue=self.large),
                    max_copy_bytes=self.max_copy_bytes,
                ),
                cascade=Cascade(uploads=uploads, catalogue=self.catalogue, clock=self.clock),
                clearing=nothing_to_clear(self.clock),
                clock=self.clock,
                max_tasks=self.max_tasks,
            ).run()
        )


def processing(**changes: Any) -> ObjectUpload:
    return upload(
        **{
            "status": UploadStatus.PROCESSING,
            "awaiting": Awaiting.COMPLETION,
            "source_etag": etag_of(PNG),
            "version": 0,
        }
        | changes
    )


def grant_of(left: ObjectUpload) -> str:
    """What the form said that brought the bytes of a record."""
    return UploadGrant(
        bucket=left.bucket,
        created_by=left.created_by,
        original_filename=left.original_filename,
        received_media_type=left.received_media_type,
    ).encode()


def test_a_tidy_house_is_left_alone() -> None:
    house = House(upload())
    house.store(str(upload().object_key))
    assert house.keep(after=timedelta(days=300)) == {}
    assert house.queue.enqueued == []


def test_a_direct_upload_whose_bytes_came_is_finished() -> None:
    house = House(pending())
    house.store(str(pending().object_key))
    assert house.keep() == {"finished": 1}
    [record] = house.uploads.records.values()
    assert record.status is UploadStatus.AVAILABLE
    assert record.awaiting_since == house.clock.now()


def test_a_direct_upload_whose_bytes_never_came_is_removed() -> None:
    house = House(pending())
    assert house.keep() == {"discarded": 1}
    assert house.uploads.records == {}


def test_a_promotion_that_was_left_is_brought_to_its_end() -> None:
    house = House(processing())
    house.store(str(processing().object_key))
    assert house.keep() == {"processed_available": 1}
    assert house.uploads.records[upload().file_identifier].status is UploadStatus.AVAILABLE


def test_a_large_file_that_was_left_half_way_is_handed_on_once_more() -> None:
    left = processing(copy_identifier="upload-1")
    house = House(left)
    house.max_copy_bytes = 10
    house.objects.arrive(
        incoming_key(left.bucket, left.file_identifier), PNG, {METADATA_NAME: grant_of(left)}
    )
    assert house.keep() == {"processed_moving": 1, "requeued": 1}
    assert [one.size_bytes for one in house.large.enqueued] == [len(PNG)]
    [record] = house.uploads.records.values()
    assert (record.status, record.copy_identifier) == (UploadStatus.PROCESSING, "upload-1")


def test_a_promotion_whose_bytes_are_lost_is_refused() -> None:
    house = House(processing())
    assert house.keep() == {"processed_rejected": 1}


@pytest.mark.parametrize("left", [pending(), processing()], ids=["pending", "processing"])
def test_what_is_not_an_hour_old_is_left_to_its_handler(left: ObjectUpload) -> None:
    house = House(left)
    house.store("incoming/aafc/x")
    assert house.keep(after=MIN_AGE) == {}
    assert house.uploads.records == {left.file_identifier: left}
    assert house.queue.enqueued == []


def test_arrivals_that_nobody_processed_are_asked_for_again_and_never_deleted() -> None:
    house = House()
    house.store("incoming/aafc/x")
    house.store("objects/aafc/y.png")
    assert house.keep() == {"requeued": 1}
    [asked] = house.queue.enqueued
    assert (asked.key, asked.size_bytes, asked.etag) == ("incoming/aafc/x", len(PNG), etag_of(PNG))
    assert "incoming/aafc/x" in house.objects.keys


def test_a_removal_that_was_left_half_way_is_finished() -> None:
    tombstone = upload().deleted("alice", NOON)
    house = House(tombstone)
    house.store(str(tombstone.object_key))
    house.store(tombstone.thumbnail_key)
    assert house.keep() == {"removed": 1}
    assert not house.objects.keys
    [record] = house.uploads.records.values()
    assert (record.awaiting, record.deleted_by) == (None, "alice")
    assert house.keep() == {}


def test_a_removal_that_was_finished_since_it_was_listed_is_left_alone() -> None:
    house = House(upload().deleted("alice", NOON))
    racing = with_hooks(house.uploads, before=once("get", house.uploads.records.clear))
    assert house.keep(uploads=racing) == {"settled_already": 1}


def test_one_run_has_a_bound() -> None:
    left = [pending(file_identifier=identifier(number)) for number in range(3)]
    house = House(*left, max_tasks=2)
    house.store("incoming/aafc/x")
    assert house.keep() == {"discarded": 2}
    assert house.keep() == {"discarded": 1, "requeued": 1}


def test_the_bound_holds_for_arrivals_too() -> None:
    house = House(max_tasks=2)
    for number in range(3):
        house.store(f"incoming/aafc/{number}")
    assert house.keep() == {"requeued": 2}


@pytest.mark.parametrize(
    ("meanwhile", "done"),
    [
        (None, {"settled_already": 1}),
        (upload(), {"settled_already": 1}),
        (upload(status=UploadStatus.REJECTED), {"settled_already": 1}),
    ],
    ids=["removed", "available", "rejected"],
)
def test_what_was_settled_since_it_was_listed_is_left_alone(
    meanwhile: ObjectUpload | None, done: dict[str, int]
) -> None:
    house = House(pending())

    def settle() -> None:
        house.uploads.records = {meanwhile.file_identifier: meanwhile} if meanwhile else {}

    assert house.keep(uploads=with_hooks(house.uploads, before=once("get", settle))) == done


def test_what_somebody_writes_at_that_moment_is_busy() -> None:
    house = House(pending())

    def write() -> None:
        house.uploads.replace(pending(), pending())

    uploads = with_hooks(house.uploads, before=once("discard", write))
    assert house.keep(uploads=uploads) == {"busy": 1}
    assert house.keep() == {"discarded": 1}


def test_a_second_run_finds_nothing_left_to_do() -> None:
    house = House(pending(), processing(file_identifier=identifier(9)))
    house.store(str(pending().object_key))
    house.keep()
    assert house.keep() == {}
    assert house.clock.now() > NOON


def test_a_record_that_cannot_be_settled_does_not_keep_the_others_waiting() -> None:
    poisoned, healthy = identifier(1), identifier(2)
    house = House(
        pending(file_identifier=poisoned, object_key=None), pending(file_identifier=healthy)
    )
    house.store("None")
    with pytest.raises(ExceptionGroup) as failed:
        house.keep()
    [failure] = failed.value.exceptions
    assert failure.__notes__ == [f"record {poisoned}"]
    assert set(house.uploads.records) == {poisoned}

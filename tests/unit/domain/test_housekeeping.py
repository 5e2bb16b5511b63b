"""Housekeeping finishes or removes interrupted uploads, and touches no others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.housekeeping import MIN_AGE, Housekeeping
from coffer.domain.metadata.delete import Cascade
from coffer.domain.uploads.completion import Completion
from coffer.domain.uploads.object_keys import incoming_key
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload, UploadStatus
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
from tests.fakes.sessions import no_sessions

LATER = MIN_AGE + timedelta(seconds=1)


class HousekeepingScenario:
    """Unfinished records from noon."""

    def __init__(self, *uploads: ObjectUpload, max_tasks: int = 1000) -> None:
        self.clock = FrozenClock()
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.objects = InMemoryObjects(self.clock)
        self.queue = InMemoryQueue()
        self.max_tasks = max_tasks

    def store(self, key: str) -> None:
        self.objects.replace(key, PNG, content_type="image/png")

    def run(self, *, after: timedelta = LATER, uploads: Uploads | None = None) -> dict[str, int]:
        self.clock.advance(after)
        uploads = uploads or self.uploads
        return dict(
            Housekeeping(
                uploads=uploads,
                objects=self.objects,
                queue=self.queue,
                completion=Completion(
                    uploads=uploads,
                    objects=self.objects,
                    clock=self.clock,
                    stream_hash_limit_bytes=1000,
                ),
                cascade=Cascade(uploads=uploads, catalogue=self.catalogue, clock=self.clock),
                export_cleanup=nothing_to_clear(self.clock),
                session_cleanup=no_sessions(self.clock),
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


def test_finished_records_are_left_alone() -> None:
    scenario = HousekeepingScenario(upload())
    scenario.store(str(upload().object_key))
    assert scenario.run(after=timedelta(days=300)) == {}
    assert scenario.queue.enqueued == []


def test_a_direct_upload_with_bytes_is_finished() -> None:
    scenario = HousekeepingScenario(pending())
    scenario.store(str(pending().object_key))
    assert scenario.run() == {"finished": 1}
    [record] = scenario.uploads.records.values()
    assert record.status is UploadStatus.AVAILABLE
    assert record.awaiting_since == scenario.clock.now()


def test_a_direct_upload_without_bytes_is_removed() -> None:
    scenario = HousekeepingScenario(pending())
    assert scenario.run() == {"discarded": 1}
    assert scenario.uploads.records == {}


def test_an_interrupted_promotion_is_finished() -> None:
    scenario = HousekeepingScenario(processing())
    scenario.store(str(processing().object_key))
    assert scenario.run() == {"processed_available": 1}
    assert scenario.uploads.records[upload().file_identifier].status is UploadStatus.AVAILABLE


def test_housekeeping_copies_no_file_but_requeues_it_once() -> None:
    """A copy of 5 GiB may take longer than housekeeping, and than all its other work."""
    left = processing(copy_identifier="upload-1")
    scenario = HousekeepingScenario(left)
    scenario.store(incoming_key(left.bucket, left.file_identifier))
    assert scenario.run() == {"requeued": 1}
    assert [one.size_bytes for one in scenario.queue.enqueued] == [len(PNG)]
    assert scenario.uploads.records == {left.file_identifier: left}
    assert scenario.run() == {"requeued": 1}


def test_an_upload_whose_bytes_were_replaced_is_rejected_and_the_new_bytes_are_requeued() -> None:
    left = processing(source_etag="0123")
    scenario = HousekeepingScenario(left)
    scenario.store(incoming_key(left.bucket, left.file_identifier))
    assert scenario.run() == {"processed_rejected": 1, "requeued": 1}


def test_a_promotion_without_bytes_is_rejected() -> None:
    scenario = HousekeepingScenario(processing())
    assert scenario.run() == {"processed_rejected": 1}


@pytest.mark.parametrize("left", [pending(), processing()], ids=["pending", "processing"])
def test_a_record_younger_than_an_hour_is_left_alone(left: ObjectUpload) -> None:
    scenario = HousekeepingScenario(left)
    scenario.store("incoming/aafc/x")
    assert scenario.run(after=MIN_AGE) == {}
    assert scenario.uploads.records == {left.file_identifier: left}
    assert scenario.queue.enqueued == []


def test_unprocessed_arrivals_are_requeued_and_never_deleted() -> None:
    scenario = HousekeepingScenario()
    scenario.store("incoming/aafc/x")
    scenario.store("objects/aafc/y.png")
    assert scenario.run() == {"requeued": 1}
    [asked] = scenario.queue.enqueued
    assert (asked.key, asked.size_bytes, asked.etag) == ("incoming/aafc/x", len(PNG), etag_of(PNG))
    assert "incoming/aafc/x" in scenario.objects.keys


def test_an_interrupted_removal_is_finished() -> None:
    tombstone = upload().deleted("alice", NOON)
    scenario = HousekeepingScenario(tombstone)
    scenario.store(str(tombstone.object_key))
    scenario.store(tombstone.thumbnail_key)
    assert scenario.run() == {"removed": 1}
    assert not scenario.objects.keys
    [record] = scenario.uploads.records.values()
    assert (record.awaiting, record.deleted_by) == (None, "alice")
    assert scenario.run() == {}


def test_a_removal_that_another_run_finished_is_left_alone() -> None:
    scenario = HousekeepingScenario(upload().deleted("alice", NOON))
    racing = with_hooks(scenario.uploads, before=once("get", scenario.uploads.records.clear))
    assert scenario.run(uploads=racing) == {"settled_already": 1}


def test_one_run_has_a_maximum_of_tasks() -> None:
    left = [pending(file_identifier=identifier(number)) for number in range(3)]
    scenario = HousekeepingScenario(*left, max_tasks=2)
    scenario.store("incoming/aafc/x")
    assert scenario.run() == {"discarded": 2}
    assert scenario.run() == {"discarded": 1, "requeued": 1}


def test_the_maximum_includes_arrivals() -> None:
    scenario = HousekeepingScenario(max_tasks=2)
    for number in range(3):
        scenario.store(f"incoming/aafc/{number}")
    assert scenario.run() == {"requeued": 2}


@pytest.mark.parametrize(
    ("meanwhile", "done"),
    [
        (None, {"settled_already": 1}),
        (upload(), {"settled_already": 1}),
        (upload(status=UploadStatus.REJECTED), {"settled_already": 1}),
    ],
    ids=["removed", "available", "rejected"],
)
def test_a_record_that_another_run_finished_is_left_alone(
    meanwhile: ObjectUpload | None, done: dict[str, int]
) -> None:
    scenario = HousekeepingScenario(pending())

    def settle() -> None:
        scenario.uploads.records = {meanwhile.file_identifier: meanwhile} if meanwhile else {}

    assert scenario.run(uploads=with_hooks(scenario.uploads, before=once("get", settle))) == done


def test_a_record_that_changes_meanwhile_is_busy() -> None:
    scenario = HousekeepingScenario(pending())

    def write() -> None:
        scenario.uploads.replace(pending(), pending())

    uploads = with_hooks(scenario.uploads, before=once("discard", write))
    assert scenario.run(uploads=uploads) == {"busy": 1}
    assert scenario.run() == {"discarded": 1}


def test_a_second_run_finds_nothing_left_to_do() -> None:
    scenario = HousekeepingScenario(pending(), processing(file_identifier=identifier(9)))
    scenario.store(str(pending().object_key))
    scenario.run()
    assert scenario.run() == {}
    assert scenario.clock.now() > NOON


def test_a_record_that_cannot_be_finished_does_not_stop_the_others() -> None:
    poisoned, healthy = identifier(1), identifier(2)
    scenario = HousekeepingScenario(
        pending(file_identifier=poisoned, object_key=None), pending(file_identifier=healthy)
    )
    scenario.store("None")
    with pytest.raises(ExceptionGroup) as failed:
        scenario.run()
    [failure] = failed.value.exceptions
    assert failure.__notes__ == [f"record {poisoned}"]
    assert set(scenario.uploads.records) == {poisoned}

"""Thumbnails are created once, the result is recorded, and they are removed with the upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.errors import DecoderBusyError, RecordChangedError, UnavailableError
from coffer.domain.objects import Objects
from coffer.domain.thumbnails.create import (
    ATTEMPTS_EXHAUSTED,
    MAX_ATTEMPTS,
    MAX_FILE_BYTES,
    ThumbnailCreation,
    create_thumbnail,
    fail_thumbnail,
    run_attempt,
)
from coffer.domain.thumbnails.ports import MAX_THUMBNAIL_BYTES
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from tests.fakes import (
    FixedThumbnailer,
    FrozenClock,
    InMemoryCatalogue,
    InMemoryObjects,
    InMemoryUploads,
    KilledError,
    kill_at_call,
    with_hooks,
)
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.hooks import once
from tests.fakes.records import (
    FILE,
    METADATA,
    THUMBNAIL,
    describe,
    metadata,
    thumbnail,
    upload,
)
from tests.fakes.thumbnails import PROPERTIES, SMALL_JPEG

KEY = f"thumbnails/aafc/{THUMBNAIL}.jpg"


class World:
    """Stored uploads, and a thumbnailer."""

    def __init__(self, *uploads: ObjectUpload, failure: str | None = None) -> None:
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.objects = InMemoryObjects(FrozenClock())
        for one in uploads:
            self.objects.replace(str(one.object_key), PNG, content_type="image/png")
        self.thumbnailer = FixedThumbnailer(failure=failure)

    def create(
        self, uploads: Uploads | None = None, objects: Objects | None = None
    ) -> ThumbnailStatus | None:
        return create_thumbnail(self._ports(uploads, objects), FILE)

    def attempt(self, number: int) -> tuple[str, int]:
        """Run an attempt; return its outcome and how often it was postponed."""
        postponed: list[None] = []
        outcome = run_attempt(self._ports(), FILE, number, lambda: postponed.append(None))
        return outcome, len(postponed)

    def fail(self, uploads: Uploads | None = None) -> ThumbnailStatus | None:
        return fail_thumbnail(self._ports(uploads), FILE)

    def _ports(
        self, uploads: Uploads | None = None, objects: Objects | None = None
    ) -> ThumbnailCreation:
        return ThumbnailCreation(
            uploads=uploads or self.uploads,
            catalogue=self.catalogue,
            objects=objects or self.objects,
            thumbnailer=self.thumbnailer,
            clock=FrozenClock(),
        )

    def change(self, **changes: Any) -> Callable[[], None]:
        """Write the record as another request does."""

        def write() -> None:
            current = self.uploads.records[FILE]
            self.uploads.replace(current, replace(current, **changes))

        return write

    @property
    def record(self) -> ObjectUpload:
        return self.uploads.records[FILE]


def test_the_thumbnail_is_stored_beside_the_upload() -> None:
    world = World(upload())
    assert world.create() is ThumbnailStatus.READY
    assert [one.key for one in world.thumbnailer.sources] == [str(upload().object_key)]
    assert world.objects.body(KEY) == SMALL_JPEG
    assert world.objects.describe(KEY).content_type == "image/jpeg"
    assert world.record.thumbnail_status is ThumbnailStatus.READY
    assert world.record.image_properties == PROPERTIES
    assert world.record.version == 2


def test_the_thumbnailer_gets_the_media_type_without_parameters() -> None:
    content = replace(upload().content, detected_media_type="image/PNG; version=1")
    world = World(upload(inspected_content=content))
    world.create()
    assert world.thumbnailer.media_types == ["image/png"]


@pytest.mark.parametrize("result", [b"", b"<html>", SMALL_JPEG + bytes(MAX_THUMBNAIL_BYTES)])
def test_the_result_of_a_decoder_that_was_taken_over_is_not_stored(result: bytes) -> None:
    world = World(upload())
    world.thumbnailer = FixedThumbnailer(thumbnail=result)
    assert world.create() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "decoder_crashed"
    assert KEY not in world.objects.keys


def test_a_thumbnail_is_created_once() -> None:
    world = World(upload())
    world.create()
    record = world.record
    assert world.create() is ThumbnailStatus.READY
    assert world.record == record
    assert len(world.thumbnailer.sources) == 1


@pytest.mark.parametrize(
    "stored",
    [
        [],
        [upload(status=UploadStatus.PROCESSING)],
        [upload(status=UploadStatus.REJECTED)],
        [upload(deleted_on=NOON)],
    ],
    ids=["none", "processing", "rejected", "deleted"],
)
def test_an_unreadable_upload_gets_no_thumbnail(stored: list[ObjectUpload]) -> None:
    world = World(*stored)
    assert world.create() is None
    assert world.thumbnailer.sources == []


@pytest.mark.parametrize(
    "status", [ThumbnailStatus.READY, ThumbnailStatus.FAILED, ThumbnailStatus.UNSUPPORTED]
)
def test_a_thumbnail_that_is_not_pending_is_not_created(status: ThumbnailStatus) -> None:
    world = World(upload(thumbnail_status=status))
    assert world.create() is status
    assert world.thumbnailer.sources == []


def test_the_upload_gets_the_reason_of_a_failure() -> None:
    world = World(upload(), failure="image_damaged")
    assert world.create() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "image_damaged"
    assert world.record.image_properties == PROPERTIES
    assert world.record.version == 2
    assert KEY not in world.objects.keys


def test_missing_bytes_are_a_failure() -> None:
    world = World(upload())
    world.objects.remove(str(upload().object_key))
    assert world.create() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "source_missing"


def test_image_properties_survive_a_later_attempt_that_reads_none() -> None:
    world = World(upload(image_properties=PROPERTIES))
    assert world.fail() is ThumbnailStatus.FAILED
    assert world.record.image_properties == PROPERTIES


def test_a_file_that_is_too_large_is_not_read() -> None:
    class Enormous(InMemoryObjects):
        def describe(self, key: str) -> Any:
            return replace(super().describe(key), size_bytes=MAX_FILE_BYTES + 1)

    world = World(upload())
    objects = Enormous(FrozenClock())
    objects.replace(str(upload().object_key), PNG, content_type="image/png")
    assert world.create(objects=objects) is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "source_too_large"
    assert objects.bytes_read == 0


def test_the_thumbnail_of_an_upload_that_was_deleted_meanwhile_is_removed() -> None:
    world = World(upload())
    deleted = once("replace", world.change(deleted_on=NOON))
    assert world.create(with_hooks(world.uploads, before=deleted)) is None
    assert KEY not in world.objects.keys
    assert world.record.thumbnail_status is ThumbnailStatus.PENDING


def test_the_thumbnail_of_an_upload_that_was_removed_meanwhile_is_removed() -> None:
    world = World(upload())
    removed = once("replace", world.uploads.records.clear)
    assert world.create(with_hooks(world.uploads, before=removed)) is None
    assert KEY not in world.objects.keys


def test_a_concurrent_claim_and_the_thumbnail_are_both_written() -> None:
    world = World(upload())
    claimed = once("replace", world.change(claimed_by="metadata/m", awaiting=None))
    assert world.create(with_hooks(world.uploads, before=claimed)) is ThumbnailStatus.READY
    assert world.record.claimed_by == "metadata/m"
    assert world.record.thumbnail_status is ThumbnailStatus.READY


def test_two_concurrent_runs_agree() -> None:
    world = World(upload())
    other = once("replace", world.create)
    assert world.create(with_hooks(world.uploads, before=other)) is ThumbnailStatus.READY
    assert world.record.version == 2


def test_a_record_that_keeps_changing_is_left_to_the_next_attempt() -> None:
    world = World(upload())

    def change(method: str) -> None:
        if method == "replace":
            world.change(claimed_by="metadata/m")()

    with pytest.raises(RecordChangedError):
        world.create(with_hooks(world.uploads, before=change))
    assert world.create() is ThumbnailStatus.READY


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_is_killed_at_any_call_can_be_repeated(moment: str) -> None:
    for call in range(6):
        world = World(upload())
        kill: dict[str, Any] = {moment: kill_at_call(call)}
        try:
            world.create(with_hooks(world.uploads, **kill), with_hooks(world.objects, **kill))
        except KilledError:
            assert world.create() is ThumbnailStatus.READY
        assert world.record.version == 2
        assert world.objects.keys == [str(upload().object_key), KEY]


def test_exhausted_attempts_are_a_failure() -> None:
    world = World(upload())
    assert world.fail() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == ATTEMPTS_EXHAUSTED


@pytest.mark.parametrize(
    "stored", [[], [upload(thumbnail_status=ThumbnailStatus.READY)]], ids=["none", "made"]
)
def test_exhausted_attempts_change_nothing_else(
    stored: list[ObjectUpload],
) -> None:
    world = World(*stored)
    before = dict(world.uploads.records)
    assert world.fail() is (stored[0].thumbnail_status if stored else None)
    assert world.uploads.records == before


def test_a_derivative_without_a_planned_thumbnail_gets_none() -> None:
    world = World(upload(is_derivative=True, thumbnail_identifier=None, thumbnail_status=None))
    keys = list(world.objects.keys)
    assert world.create() is None
    assert world.objects.keys == keys


@pytest.mark.parametrize("ending", ["create", "fail"])
def test_the_derivative_record_of_a_failed_thumbnail_is_removed(ending: str) -> None:
    world = World(upload(), failure="image_damaged")
    describe(world.catalogue, metadata(), thumbnail())
    assert getattr(world, ending)() is ThumbnailStatus.FAILED
    removed = world.catalogue.derivative_records[THUMBNAIL]
    assert (removed.deleted_on, removed.deleted_by) == (NOON, SYSTEM_GENERATED)
    assert removed.version == 2


def test_the_next_run_removes_the_derivative_record_of_a_failed_thumbnail() -> None:
    world = World(upload(thumbnail_status=ThumbnailStatus.FAILED))
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    assert world.create() is ThumbnailStatus.FAILED
    assert world.create() is ThumbnailStatus.FAILED
    assert world.catalogue.derivative_records[THUMBNAIL].version == 2
    assert world.thumbnailer.sources == []


# ---------------------------------------------------------------- planned thumbnails


def test_the_derivative_record_is_restored_after_a_later_success() -> None:
    world = World(upload(claimed_by=f"metadata/{METADATA}"))
    world.catalogue.metadata_records[METADATA] = metadata()
    assert world.create() is ThumbnailStatus.READY
    assert world.catalogue.derivative_records[THUMBNAIL] == thumbnail()
    world.create()
    assert world.catalogue.derivative_records[THUMBNAIL] == thumbnail()


@pytest.mark.parametrize(
    "claim", ["metadata/gone", "derivative/gone", "derivative/orphaned"], ids=str
)
def test_no_thumbnail_is_planned_for_a_record_that_does_not_exist(claim: str) -> None:
    world = World(upload(claimed_by=claim))
    world.catalogue.metadata_records["gone"] = metadata(identifier="gone", deleted_on=NOON)
    world.catalogue.derivative_records["gone"] = thumbnail(identifier="gone", deleted_on=NOON)
    world.catalogue.derivative_records["orphaned"] = thumbnail(
        identifier="orphaned", ac_derived_from="gone"
    )
    assert world.create() is ThumbnailStatus.READY
    assert THUMBNAIL not in world.catalogue.derivative_records


def test_the_thumbnail_of_a_derivative_belongs_to_the_source_metadata() -> None:
    world = World(upload(is_derivative=True, claimed_by="derivative/d"))
    world.catalogue.metadata_records[METADATA] = metadata()
    world.catalogue.derivative_records["d"] = thumbnail(identifier="d", file_identifier=FILE)
    assert world.create() is ThumbnailStatus.READY
    made = world.catalogue.derivative_records[THUMBNAIL]
    assert (made.ac_derived_from, made.generated_from_derivative) == (METADATA, "d")


@pytest.mark.parametrize("number", range(1, MAX_ATTEMPTS + 1))
@pytest.mark.parametrize("error", [DecoderBusyError, UnavailableError])
def test_a_thumbnail_is_postponed_and_not_failed_while_a_service_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, number: int, error: type[UnavailableError]
) -> None:
    world = World(upload(thumbnail_status=ThumbnailStatus.PENDING))

    def throttled(*_arguments: object) -> None:
        raise error("unavailable", "throttled")

    with monkeypatch.context() as busy:
        busy.setattr(world.thumbnailer, "create", throttled)
        assert world.attempt(number) == ("POSTPONED", 1)
    assert world.uploads.records[FILE].thumbnail_status is ThumbnailStatus.PENDING
    assert world.attempt(1) == ("READY", 0)


def test_attempts_that_ran_and_crashed_end_in_a_failure() -> None:
    world = World(upload(thumbnail_status=ThumbnailStatus.PENDING))
    assert world.attempt(MAX_ATTEMPTS + 1) == ("FAILED", 0)
    assert world.uploads.records[FILE].thumbnail_failure == ATTEMPTS_EXHAUSTED

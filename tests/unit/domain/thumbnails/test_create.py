"""Thumbnails: made once, told about either way, gone with the upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.derivatives.record import SYSTEM_GENERATED
from coffer.domain.errors import RecordChangedError
from coffer.domain.objects import Objects
from coffer.domain.thumbnails import create as thumbnails
from coffer.domain.thumbnails.create import GAVE_UP, MAX_SOURCE_BYTES, Thumbnailing
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
from tests.fakes.thumbnails import PROPERTIES

KEY = f"thumbnails/aafc/{THUMBNAIL}.jpg"


class World:
    """An upload in its place, and something that makes thumbnails."""

    def __init__(self, *uploads: ObjectUpload, failure: str | None = None) -> None:
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.objects = InMemoryObjects(FrozenClock())
        for one in uploads:
            self.objects.replace(str(one.object_key), PNG, content_type="image/png")
        self.thumbnailer = FixedThumbnailer(failure=failure)

    def make(
        self, uploads: Uploads | None = None, objects: Objects | None = None
    ) -> ThumbnailStatus | None:
        return self._thumbnailing(uploads, objects).make(FILE)

    def give_up(self, uploads: Uploads | None = None) -> ThumbnailStatus | None:
        return self._thumbnailing(uploads).give_up(FILE)

    def _thumbnailing(
        self, uploads: Uploads | None = None, objects: Objects | None = None
    ) -> Thumbnailing:
        return Thumbnailing(
            uploads=uploads or self.uploads,
            catalogue=self.catalogue,
            objects=objects or self.objects,
            thumbnailer=self.thumbnailer,
            clock=FrozenClock(),
        )

    def change(self, **changes: Any) -> Callable[[], None]:
        """Somebody else writes the record."""

        def write() -> None:
            current = self.uploads.records[FILE]
            self.uploads.replace(current, replace(current, **changes))

        return write

    @property
    def record(self) -> ObjectUpload:
        return self.uploads.records[FILE]


def test_a_thumbnail_is_made_of_the_upload_and_kept_beside_it() -> None:
    world = World(upload())
    assert world.make() is ThumbnailStatus.READY
    assert world.thumbnailer.images == [PNG]
    assert world.objects.body(KEY) == b"a small picture"
    assert world.objects.describe(KEY).content_type == "image/jpeg"
    assert world.record.thumbnail_status is ThumbnailStatus.READY
    assert world.record.image_properties == PROPERTIES
    assert world.record.version == 2


def test_the_decoder_is_told_the_type_without_its_parameters() -> None:
    content = replace(upload().content, detected_media_type="image/PNG; version=1")
    world = World(upload(inspected_content=content))
    world.make()
    assert world.thumbnailer.media_types == ["image/png"]


def test_a_file_is_read_in_pieces_of_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "_PIECE_BYTES", 7)
    world = World(upload())
    assert world.make() is ThumbnailStatus.READY
    assert world.thumbnailer.images == [PNG]


def test_it_is_made_once() -> None:
    world = World(upload())
    world.make()
    record = world.record
    assert world.make() is ThumbnailStatus.READY
    assert world.record == record
    assert len(world.thumbnailer.images) == 1


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
def test_of_what_cannot_be_read_none_is_made(stored: list[ObjectUpload]) -> None:
    world = World(*stored)
    assert world.make() is None
    assert world.thumbnailer.images == []


@pytest.mark.parametrize(
    "status", [ThumbnailStatus.READY, ThumbnailStatus.FAILED, ThumbnailStatus.UNSUPPORTED]
)
def test_what_does_not_wait_for_one_is_left_alone(status: ThumbnailStatus) -> None:
    world = World(upload(thumbnail_status=status))
    assert world.make() is status
    assert world.thumbnailer.images == []


def test_where_it_cannot_be_made_the_upload_says_why() -> None:
    world = World(upload(), failure="image_damaged")
    assert world.make() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "image_damaged"
    assert world.record.image_properties == PROPERTIES
    assert world.record.version == 2
    assert KEY not in world.objects.keys


def test_where_the_bytes_are_missing_the_upload_says_so() -> None:
    world = World(upload())
    world.objects.remove(str(upload().object_key))
    assert world.make() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "source_missing"


def test_what_was_known_of_an_image_stays_known_where_a_later_attempt_finds_nothing() -> None:
    world = World(upload(image_properties=PROPERTIES))
    assert world.give_up() is ThumbnailStatus.FAILED
    assert world.record.image_properties == PROPERTIES


def test_where_the_bytes_vanish_while_they_are_read_the_upload_says_so() -> None:
    world = World(upload())
    key = str(upload().object_key)
    replaced = once("read", lambda: world.objects.replace(key, b"x", content_type="text/plain"))
    assert world.make(objects=with_hooks(world.objects, before=replaced)) is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "source_missing"


def test_what_is_too_large_to_hold_is_not_read() -> None:
    class Enormous(InMemoryObjects):
        def describe(self, key: str) -> Any:
            return replace(super().describe(key), size_bytes=MAX_SOURCE_BYTES + 1)

    world = World(upload())
    objects = Enormous(FrozenClock())
    objects.replace(str(upload().object_key), PNG, content_type="image/png")
    assert world.make(objects=objects) is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == "source_too_large"
    assert objects.bytes_read == 0


def test_an_upload_deleted_meanwhile_takes_its_thumbnail_along() -> None:
    world = World(upload())
    deleted = once("replace", world.change(deleted_on=NOON))
    assert world.make(with_hooks(world.uploads, before=deleted)) is None
    assert KEY not in world.objects.keys
    assert world.record.thumbnail_status is ThumbnailStatus.PENDING


def test_an_upload_removed_meanwhile_takes_its_thumbnail_along() -> None:
    world = World(upload())
    removed = once("replace", world.uploads.records.clear)
    assert world.make(with_hooks(world.uploads, before=removed)) is None
    assert KEY not in world.objects.keys


def test_an_upload_that_is_claimed_at_that_moment_keeps_both() -> None:
    world = World(upload())
    claimed = once("replace", world.change(claimed_by="metadata/m", awaiting=None))
    assert world.make(with_hooks(world.uploads, before=claimed)) is ThumbnailStatus.READY
    assert world.record.claimed_by == "metadata/m"
    assert world.record.thumbnail_status is ThumbnailStatus.READY


def test_two_at_once_agree() -> None:
    world = World(upload())
    other = once("replace", world.make)
    assert world.make(with_hooks(world.uploads, before=other)) is ThumbnailStatus.READY
    assert world.record.version == 2


def test_a_record_that_keeps_changing_is_left_to_the_next_try() -> None:
    world = World(upload())

    def change(method: str) -> None:
        if method == "replace":
            world.change(claimed_by="metadata/m")()

    with pytest.raises(RecordChangedError):
        world.make(with_hooks(world.uploads, before=change))
    assert world.make() is ThumbnailStatus.READY


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_call_and_run_again_it_is_there(moment: str) -> None:
    for call in range(6):
        world = World(upload())
        kill: dict[str, Any] = {moment: kill_at_call(call)}
        try:
            world.make(with_hooks(world.uploads, **kill), with_hooks(world.objects, **kill))
        except KilledError:
            assert world.make() is ThumbnailStatus.READY
        assert world.record.version == 2
        assert world.objects.keys == [str(upload().object_key), KEY]


def test_giving_up_says_that_no_attempt_came_to_its_end() -> None:
    world = World(upload())
    assert world.give_up() is ThumbnailStatus.FAILED
    assert world.record.thumbnail_failure == GAVE_UP


@pytest.mark.parametrize(
    "stored", [[], [upload(thumbnail_status=ThumbnailStatus.READY)]], ids=["none", "made"]
)
def test_there_is_nothing_to_give_up_where_nothing_waits(stored: list[ObjectUpload]) -> None:
    world = World(*stored)
    before = dict(world.uploads.records)
    assert world.give_up() is (stored[0].thumbnail_status if stored else None)
    assert world.uploads.records == before


def test_of_a_derivative_none_is_made_and_none_removed() -> None:
    world = World(upload(is_derivative=True, thumbnail_identifier=None, thumbnail_status=None))
    keys = list(world.objects.keys)
    assert world.make() is None
    assert world.objects.keys == keys


@pytest.mark.parametrize("ending", ["make", "give_up"])
def test_where_it_fails_the_record_that_promised_it_is_withdrawn(ending: str) -> None:
    world = World(upload(), failure="image_damaged")
    describe(world.catalogue, metadata(), thumbnail())
    assert getattr(world, ending)() is ThumbnailStatus.FAILED
    withdrawn = world.catalogue.derivative_records[THUMBNAIL]
    assert (withdrawn.deleted_on, withdrawn.deleted_by) == (NOON, SYSTEM_GENERATED)
    assert withdrawn.version == 2


def test_killed_before_the_record_is_withdrawn_the_next_run_does_it() -> None:
    world = World(upload(thumbnail_status=ThumbnailStatus.FAILED))
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    assert world.make() is ThumbnailStatus.FAILED
    assert world.make() is ThumbnailStatus.FAILED
    assert world.catalogue.derivative_records[THUMBNAIL].version == 2
    assert world.thumbnailer.images == []


# ---------------------------------------------------------------- promises


def test_where_it_is_made_after_all_the_record_that_promised_it_comes_back() -> None:
    world = World(upload(claimed_by=f"metadata/{METADATA}"))
    world.catalogue.metadata_records[METADATA] = metadata()
    assert world.make() is ThumbnailStatus.READY
    assert world.catalogue.derivative_records[THUMBNAIL] == thumbnail()
    world.make()
    assert world.catalogue.derivative_records[THUMBNAIL] == thumbnail()


@pytest.mark.parametrize(
    "claim", ["metadata/gone", "derivative/gone", "derivative/orphaned"], ids=str
)
def test_nothing_is_promised_to_what_is_gone(claim: str) -> None:
    world = World(upload(claimed_by=claim))
    world.catalogue.metadata_records["gone"] = metadata(identifier="gone", deleted_on=NOON)
    world.catalogue.derivative_records["gone"] = thumbnail(identifier="gone", deleted_on=NOON)
    world.catalogue.derivative_records["orphaned"] = thumbnail(
        identifier="orphaned", ac_derived_from="gone"
    )
    assert world.make() is ThumbnailStatus.READY
    assert THUMBNAIL not in world.catalogue.derivative_records


def test_the_thumbnail_of_a_derivative_is_promised_to_what_this_was_made_from() -> None:
    world = World(upload(is_derivative=True, claimed_by="derivative/d"))
    world.catalogue.metadata_records[METADATA] = metadata()
    world.catalogue.derivative_records["d"] = thumbnail(identifier="d", file_identifier=FILE)
    assert world.make() is ThumbnailStatus.READY
    made = world.catalogue.derivative_records[THUMBNAIL]
    assert (made.ac_derived_from, made.generated_from_derivative) == (METADATA, "d")

"""Regeneration: a lost or late thumbnail is made, and one that is there is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import Role
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.errors import (
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from coffer.domain.thumbnails.regenerate import GenerationRequest, Regeneration
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus
from tests.fakes import (
    FrozenClock,
    InMemoryCatalogue,
    InMemoryDownloads,
    InMemoryObjects,
    InMemoryUploads,
    with_hooks,
)
from tests.fakes.clocks import NOON
from tests.fakes.hooks import once
from tests.fakes.records import (
    ADMIN,
    FILE,
    METADATA,
    THUMBNAIL,
    caller,
    content,
    identifier,
    metadata,
    thumbnail,
    upload,
)

LARGE, LARGE_FILE = identifier(21), identifier(22)
THUMBNAIL_KEY = f"thumbnails/aafc/{THUMBNAIL}.jpg"
WANTED = GenerationRequest(metadata_uuid=METADATA, derivative_type=DerivativeType.THUMBNAIL_IMAGE)
OF_LARGE = replace(WANTED, derived_from_type=DerivativeType.LARGE_IMAGE)


def large(**changes: Any) -> Derivative:
    """A large image that was made of the file."""
    return thumbnail(
        **{
            "identifier": LARGE,
            "file_identifier": LARGE_FILE,
            "derivative_type": DerivativeType.LARGE_IMAGE,
            "created_by": "alice",
            **changes,
        }
    )


def large_upload(**changes: Any) -> ObjectUpload:
    """Its file."""
    return upload(
        **{
            "file_identifier": LARGE_FILE,
            "is_derivative": True,
            "thumbnail_identifier": None,
            "thumbnail_status": None,
            **changes,
        }
    )


class World:
    """Described files, and whatever thumbnails they have."""

    def __init__(self, *uploads: ObjectUpload, records: tuple[Derivative, ...] = ()) -> None:
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.catalogue.metadata_records[METADATA] = metadata()
        for record in records:
            self.catalogue.derivative_records[record.identifier] = record
        self.objects = InMemoryObjects(FrozenClock())
        self.regeneration = Regeneration(
            uploads=self.uploads,
            catalogue=self.catalogue,
            store=InMemoryDownloads(self.objects),
            clock=FrozenClock(),
        )

    def run(self, wanted: GenerationRequest = WANTED) -> Derivative:
        return self.regeneration.run(ADMIN, wanted)

    def refusal(self, wanted: GenerationRequest = WANTED) -> str:
        with pytest.raises(InvalidError) as caught:
            self.run(wanted)
        return caught.value.problems[0].code


def ready(**changes: Any) -> ObjectUpload:
    return upload(thumbnail_status=ThumbnailStatus.READY, claimed_by="metadata", **changes)


def test_a_thumbnail_that_is_there_is_left_alone() -> None:
    world = World(ready(), records=(thumbnail(),))
    world.objects.replace(THUMBNAIL_KEY, b"a small picture", content_type="image/jpeg")
    assert world.run() == thumbnail()
    assert world.uploads.records[FILE] == ready()


def test_a_thumbnail_whose_file_is_lost_is_made_again_under_the_same_record() -> None:
    world = World(ready(), records=(thumbnail(),))
    assert world.run() == thumbnail()
    made = world.uploads.records[FILE]
    assert (made.thumbnail_status, made.changed_by) == (ThumbnailStatus.PENDING, "root")
    assert made.version == ready().version + 1


def test_one_that_failed_is_tried_again_and_its_record_comes_back() -> None:
    withdrawn = thumbnail(deleted_on=NOON, deleted_by="System Generated", version=2)
    failed = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="source_missing")
    world = World(failed, records=(withdrawn,))
    made = world.run()
    assert made.identifier == THUMBNAIL
    record = world.catalogue.derivative_records[THUMBNAIL]
    assert (record.deleted_on, record.version) == (None, 3)
    again = world.uploads.records[FILE]
    assert (again.thumbnail_status, again.thumbnail_failure) == (ThumbnailStatus.PENDING, None)


def test_a_large_image_serves_where_the_file_itself_does_not() -> None:
    raw = upload(
        inspected_content=content(detected_media_type="application/x-unknown"),
        thumbnail_identifier=None,
        thumbnail_status=ThumbnailStatus.UNSUPPORTED,
    )
    world = World(raw, large_upload(), records=(large(),))
    assert world.refusal() == "thumbnail_unsupported"
    made = world.run(OF_LARGE)
    assert made.generated_from_derivative == LARGE
    assert made.ac_derived_from == METADATA
    source = world.uploads.records[LARGE_FILE]
    assert source.thumbnail_identifier == made.identifier
    assert source.thumbnail_status is ThumbnailStatus.PENDING
    assert world.run(OF_LARGE).identifier == made.identifier  # asked twice, one thumbnail
    assert world.run().identifier == made.identifier


def test_a_submitted_thumbnail_is_the_thumbnail() -> None:
    submitted = thumbnail(identifier=LARGE, file_identifier=LARGE_FILE, created_by="alice")
    world = World(ready(), records=(submitted,))
    assert world.run() == submitted
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    assert world.run() == submitted


def test_a_thumbnail_of_a_derivative_that_is_gone_is_made_of_the_file() -> None:
    orphan = thumbnail(generated_from_derivative=LARGE)
    assert World(ready(), records=(orphan,)).run() == orphan


@pytest.mark.parametrize(
    ("world", "wanted", "code"),
    [
        (
            World(ready()),
            replace(WANTED, derivative_type=DerivativeType.LARGE_IMAGE),
            "only_thumbnails",
        ),
        (World(ready()), OF_LARGE, "source_derivative_not_found"),
        (World(ready(), records=(large(),)), OF_LARGE, "source_file_not_found"),
        (World(), WANTED, "source_file_not_found"),
        (World(upload(deleted_on=NOON)), WANTED, "source_file_not_found"),
    ],
)
def test_what_cannot_be_made(world: World, wanted: GenerationRequest, code: str) -> None:
    assert world.refusal(wanted) == code


def test_an_external_resource_has_no_file_to_make_one_of() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata(
        file_identifier=None, resource_external_url="https://museum.example/7"
    )
    assert world.refusal() == "source_file_not_found"


def test_metadata_that_is_not_there_has_none() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    with pytest.raises(GoneError):
        world.run()
    world.catalogue.metadata_records.clear()
    with pytest.raises(NotFoundError):
        world.run()


def test_only_the_realms_admin_may_ask() -> None:
    with pytest.raises(ForbiddenError):
        World(ready()).regeneration.run(caller(Role.DINA_ADMIN), WANTED)


class TestSomebodyElse:
    """Somebody writes the upload between the record and the wish."""

    def disturbed(self, world: World, change: Any) -> Regeneration:
        def act() -> None:
            before = world.uploads.records[FILE]
            after = change(before)
            if after is None:
                del world.uploads.records[FILE]
            else:
                world.uploads.replace(before, after)

        return replace(
            world.regeneration, uploads=with_hooks(world.uploads, before=once("replace", act))
        )

    def test_what_they_wrote_stays(self) -> None:
        world = World(ready())
        disturbed = self.disturbed(world, lambda before: replace(before, original_filename="b"))
        disturbed.run(ADMIN, WANTED)
        assert world.uploads.records[FILE].original_filename == "b"
        assert world.uploads.records[FILE].thumbnail_status is ThumbnailStatus.PENDING

    def test_the_thumbnail_that_they_chose_is_made_and_ours_is_withdrawn(self) -> None:
        world = World(ready(thumbnail_identifier=None))
        disturbed = self.disturbed(world, lambda before: before.thumbnail_requested(THUMBNAIL))
        assert disturbed.run(ADMIN, WANTED).identifier == THUMBNAIL
        there = [one for one in world.catalogue.derivative_records.values() if not one.deleted_on]
        assert [one.identifier for one in there] == [THUMBNAIL]

    def test_a_file_that_is_deleted_has_no_thumbnail(self) -> None:
        world = World(ready())
        with pytest.raises(InvalidError):
            self.disturbed(world, lambda _before: None).run(ADMIN, WANTED)
        assert world.catalogue.derivative_records[THUMBNAIL].deleted_on is not None

    def test_who_never_gets_to_write_is_told_to_try_again(self) -> None:
        world = World(ready())

        def touch(method: str) -> None:
            if method == "replace":
                before = world.uploads.records[FILE]
                world.uploads.replace(before, before)

        busy = replace(world.regeneration, uploads=with_hooks(world.uploads, before=touch))
        with pytest.raises(UnavailableError):
            busy.run(ADMIN, WANTED)

"""Lost and late thumbnails are requested again; existing ones are not."""

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
from coffer.domain.thumbnails.regenerate import (
    GenerationRequest,
    ThumbnailRegeneration,
    regenerate_thumbnail,
)
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
    """A large image that was derived from the file."""
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
    """The upload of the large image."""
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
    """Described files and their thumbnails."""

    def __init__(self, *uploads: ObjectUpload, records: tuple[Derivative, ...] = ()) -> None:
        self.uploads = InMemoryUploads(*uploads)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.catalogue.metadata_records[METADATA] = metadata()
        for record in records:
            self.catalogue.derivative_records[record.identifier] = record
        self.objects = InMemoryObjects(FrozenClock())
        self.regeneration = ThumbnailRegeneration(
            uploads=self.uploads,
            catalogue=self.catalogue,
            store=InMemoryDownloads(self.objects),
            clock=FrozenClock(),
        )

    def run(self, wanted: GenerationRequest = WANTED) -> Derivative:
        return regenerate_thumbnail(self.regeneration, ADMIN, wanted)

    def error_code(self, wanted: GenerationRequest = WANTED) -> str:
        with pytest.raises(InvalidError) as caught:
            self.run(wanted)
        return caught.value.problems[0].code


def ready(**changes: Any) -> ObjectUpload:
    return upload(thumbnail_status=ThumbnailStatus.READY, claimed_by="metadata", **changes)


def test_an_existing_thumbnail_is_not_requested() -> None:
    world = World(ready(), records=(thumbnail(),))
    world.objects.replace(THUMBNAIL_KEY, b"a small picture", content_type="image/jpeg")
    assert world.run() == thumbnail()
    assert world.uploads.records[FILE] == ready()


def test_a_thumbnail_whose_file_is_lost_is_requested_under_the_same_record() -> None:
    world = World(ready(), records=(thumbnail(),))
    assert world.run() == thumbnail()
    made = world.uploads.records[FILE]
    assert (made.thumbnail_status, made.changed_by) == (ThumbnailStatus.PENDING, "root")
    assert made.version == ready().version + 1


def test_a_failed_thumbnail_is_requested_and_its_record_restored() -> None:
    withdrawn = thumbnail(deleted_on=NOON, deleted_by="System Generated", version=2)
    failed = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="source_missing")
    world = World(failed, records=(withdrawn,))
    made = world.run()
    assert made.identifier == THUMBNAIL
    record = world.catalogue.derivative_records[THUMBNAIL]
    assert (record.deleted_on, record.version) == (None, 3)
    again = world.uploads.records[FILE]
    assert (again.thumbnail_status, again.thumbnail_failure) == (ThumbnailStatus.PENDING, None)


def test_a_thumbnail_can_be_made_from_a_large_image() -> None:
    raw = upload(
        inspected_content=content(detected_media_type="application/x-unknown"),
        thumbnail_identifier=None,
        thumbnail_status=ThumbnailStatus.UNSUPPORTED,
    )
    world = World(raw, large_upload(), records=(large(),))
    assert world.error_code() == "thumbnail_unsupported"
    made = world.run(OF_LARGE)
    assert made.generated_from_derivative == LARGE
    assert made.ac_derived_from == METADATA
    source = world.uploads.records[LARGE_FILE]
    assert source.thumbnail_identifier == made.identifier
    assert source.thumbnail_status is ThumbnailStatus.PENDING
    assert world.run(OF_LARGE).identifier == made.identifier  # one thumbnail for two requests
    assert world.run().identifier == made.identifier


def test_an_uploaded_thumbnail_is_the_thumbnail() -> None:
    submitted = thumbnail(identifier=LARGE, file_identifier=LARGE_FILE, created_by="alice")
    world = World(ready(), records=(submitted,))
    assert world.run() == submitted
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    assert world.run() == submitted


def test_the_thumbnail_of_a_deleted_derivative_is_made_from_the_main_file() -> None:
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
def test_requests_that_are_refused(world: World, wanted: GenerationRequest, code: str) -> None:
    assert world.error_code(wanted) == code


def test_an_external_resource_has_no_file() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata(
        file_identifier=None, resource_external_url="https://museum.example/7"
    )
    assert world.error_code() == "source_file_not_found"


def test_metadata_must_exist() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    with pytest.raises(GoneError):
        world.run()
    world.catalogue.metadata_records.clear()
    with pytest.raises(NotFoundError):
        world.run()


def test_only_administrators_may_request_a_thumbnail() -> None:
    with pytest.raises(ForbiddenError):
        regenerate_thumbnail(World(ready()).regeneration, caller(Role.DINA_ADMIN), WANTED)


class TestConcurrentWrites:
    """Another request writes the upload after the record of the thumbnail was written."""

    def with_concurrent(self, world: World, change: Any) -> ThumbnailRegeneration:
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

    def test_the_other_change_is_kept(self) -> None:
        world = World(ready())
        ports = self.with_concurrent(world, lambda before: replace(before, original_filename="b"))
        regenerate_thumbnail(ports, ADMIN, WANTED)
        assert world.uploads.records[FILE].original_filename == "b"
        assert world.uploads.records[FILE].thumbnail_status is ThumbnailStatus.PENDING

    def test_the_thumbnail_of_the_other_request_is_made(self) -> None:
        world = World(ready(thumbnail_identifier=None))
        ports = self.with_concurrent(world, lambda before: before.thumbnail_requested(THUMBNAIL))
        assert regenerate_thumbnail(ports, ADMIN, WANTED).identifier == THUMBNAIL
        existing = [
            one for one in world.catalogue.derivative_records.values() if not one.deleted_on
        ]
        assert [one.identifier for one in existing] == [THUMBNAIL]

    def test_the_record_of_the_thumbnail_is_removed_if_the_file_was_deleted(self) -> None:
        world = World(ready())
        with pytest.raises(InvalidError):
            regenerate_thumbnail(self.with_concurrent(world, lambda _before: None), ADMIN, WANTED)
        assert world.catalogue.derivative_records[THUMBNAIL].deleted_on is not None

    def test_a_request_that_always_loses_is_refused(self) -> None:
        world = World(ready())

        def touch(method: str) -> None:
            if method == "replace":
                before = world.uploads.records[FILE]
                world.uploads.replace(before, before)

        busy = replace(world.regeneration, uploads=with_hooks(world.uploads, before=touch))
        with pytest.raises(UnavailableError):
            regenerate_thumbnail(busy, ADMIN, WANTED)

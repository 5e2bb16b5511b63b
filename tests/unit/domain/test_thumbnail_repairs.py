"""Thumbnails that are missing or failed: asked for again by their reason, or made when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import Role
from coffer.domain.derivative import SYSTEM_GENERATED, Derivative, DerivativeType
from coffer.domain.errors import GoneError, InvalidError, NotFoundError
from coffer.domain.object_upload import ObjectUpload, ThumbnailStatus
from coffer.domain.thumbnail_repairs import AskedAgain, ask_again, regenerate
from coffer.domain.thumbnails import Thumbnailing
from tests.fakes import FixedThumbnailer, FrozenClock, InMemoryCatalogue, InMemoryObjects
from tests.fakes import InMemoryUploads as Uploads
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.records import (
    FILE,
    METADATA,
    THUMBNAIL,
    caller,
    content,
    describe,
    identifier,
    metadata,
    thumbnail,
    upload,
)
from tests.fakes.watching import once, watched

LARGE, LARGE_FILE, SUBMITTED = identifier(10), identifier(11), identifier(12)
READER = caller(Role.READ_ONLY)


def failed(number: int = 1, code: str = "image_damaged", **changes: Any) -> ObjectUpload:
    return upload(
        file_identifier=identifier(number),
        thumbnail_status=ThumbnailStatus.FAILED,
        thumbnail_failure=code,
        **changes,
    )


def never() -> bool:
    return False


# ---------------------------------------------------------------- many, by their reason


def test_what_failed_for_a_reason_is_asked_for_again() -> None:
    uploads = Uploads(failed(4), failed(5), failed(6, "decoder_crashed"), upload())
    assert ask_again(uploads, "image_damaged", after=None, time_is_up=never) == AskedAgain(
        asked=2, go_on_after=None
    )
    asked = uploads.records[identifier(4)]
    assert (asked.thumbnail_status, asked.thumbnail_failure) == (ThumbnailStatus.PENDING, None)
    assert (asked.thumbnail_identifier, asked.version) == (THUMBNAIL, 2)
    assert uploads.records[identifier(6)].thumbnail_status is ThumbnailStatus.FAILED


def test_a_run_that_has_no_more_time_says_where_to_go_on() -> None:
    uploads = Uploads(*(failed(number) for number in range(4, 9)))
    left = iter([False, False, True])
    first = ask_again(uploads, "image_damaged", after=None, time_is_up=lambda: next(left))
    assert first == AskedAgain(asked=2, go_on_after=identifier(5))
    second = ask_again(uploads, "image_damaged", after=first.go_on_after, time_is_up=never)
    assert second == AskedAgain(asked=3, go_on_after=None)


def test_what_failed_again_is_not_asked_for_a_third_time() -> None:
    uploads = Uploads(failed(4), failed(5))
    ask_again(uploads, "image_damaged", after=None, time_is_up=never)
    again = uploads.records[identifier(4)]
    uploads.replace(again, again.thumbnail_failed("image_damaged"))
    done = ask_again(uploads, "image_damaged", after=identifier(5), time_is_up=never)
    assert done.asked == 0


def test_what_was_deleted_or_is_written_at_that_moment_is_left() -> None:
    uploads = Uploads(failed(4, deleted_on=NOON), failed(5))

    def claim() -> None:
        current = uploads.records[identifier(5)]
        uploads.replace(current, replace(current, claimed_by="metadata/m"))

    busy = watched(uploads, before=once("replace", claim))
    assert ask_again(busy, "image_damaged", after=None, time_is_up=never).asked == 0


# ---------------------------------------------------------------- one, now


class World:
    """A described file, its derivatives, and something that makes thumbnails."""

    def __init__(
        self,
        main: ObjectUpload | None = None,
        *derivatives: tuple[Derivative, ObjectUpload],
        failure: str | None = None,
        **described: Any,
    ) -> None:
        given = [main] if main else []
        self.uploads = Uploads(*given, *(file for _, file in derivatives))
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.objects = InMemoryObjects(FrozenClock())
        for one in self.uploads.records.values():
            self.objects.replace(str(one.object_key), PNG, content_type="image/png")
        record = metadata(**{"file_identifier": FILE if main else None} | described)
        describe(self.catalogue, record)
        for derivative, _ in derivatives:
            self.catalogue.derivative_records[derivative.identifier] = derivative
        self.thumbnailer = FixedThumbnailer(failure=failure)

    def regenerate(
        self, made_from: DerivativeType | None = None, identifier: str = METADATA
    ) -> Derivative | None:
        thumbnailing = Thumbnailing(
            uploads=self.uploads,
            catalogue=self.catalogue,
            objects=self.objects,
            thumbnailer=self.thumbnailer,
            clock=FrozenClock(),
        )
        return regenerate(thumbnailing, READER, identifier, made_from)


def large(**changes: Any) -> tuple[Derivative, ObjectUpload]:
    """A derivative that is no thumbnail, and its file, of which none was made."""
    record = thumbnail(
        identifier=LARGE,
        file_identifier=LARGE_FILE,
        object_key=f"derivatives/aafc/{LARGE_FILE}.png",
        derivative_type=DerivativeType.LARGE_IMAGE,
        created_by="alice",
    )
    known: dict[str, Any] = {
        "file_identifier": LARGE_FILE,
        "is_derivative": True,
        "thumbnail_identifier": None,
        "thumbnail_status": None,
        "claimed_by": f"derivative/{LARGE}",
    }
    return record, upload(**known | changes)


def ready(**changes: Any) -> ObjectUpload:
    return upload(thumbnail_status=ThumbnailStatus.READY, **changes)


def test_a_thumbnail_that_is_there_is_left_as_it_is() -> None:
    world = World(ready())
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    world.objects.replace(f"thumbnails/aafc/{THUMBNAIL}.jpg", b"jpg", content_type="image/jpeg")
    assert world.regenerate() == thumbnail()
    assert world.thumbnailer.images == []


def test_only_the_file_is_made_again_where_the_record_is_there() -> None:
    world = World(ready())
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    assert world.regenerate() == thumbnail()
    assert world.objects.body(f"thumbnails/aafc/{THUMBNAIL}.jpg") == b"a small picture"


@pytest.mark.parametrize(
    "main", [failed(), upload(), ready()], ids=["failed", "pending", "without a record"]
)
def test_one_that_is_missing_is_made_of_the_main_file(main: ObjectUpload) -> None:
    world = World(main)
    made = world.regenerate()
    assert made is not None
    assert (made.identifier, made.created_by) == (THUMBNAIL, SYSTEM_GENERATED)
    assert made == world.catalogue.derivative_records[THUMBNAIL]
    assert world.uploads.records[FILE].thumbnail_status is ThumbnailStatus.READY


def test_a_record_that_a_failure_took_comes_back() -> None:
    world = World(failed())
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail(
        deleted_on=NOON, deleted_by=SYSTEM_GENERATED, version=2
    )
    made = world.regenerate()
    assert made is not None
    assert (made.deleted_on, made.version) == (None, 3)


def test_a_record_that_somebody_deleted_stays_deleted() -> None:
    world = World(failed())
    tombstone = thumbnail(deleted_on=NOON, deleted_by="alice", version=2)
    world.catalogue.derivative_records[THUMBNAIL] = tombstone
    assert world.regenerate() == tombstone


def test_a_type_that_can_be_decoded_by_now_gets_one() -> None:
    world = World(upload(thumbnail_identifier=None, thumbnail_status=ThumbnailStatus.UNSUPPORTED))
    made = world.regenerate()
    assert made is not None
    assert world.uploads.records[FILE].thumbnail_identifier == made.identifier


def test_a_submitted_one_is_left_as_it_is() -> None:
    submitted = thumbnail(identifier=SUBMITTED, file_identifier=LARGE_FILE, created_by="alice")
    world = World(failed(), (submitted, large()[1]))
    assert world.regenerate() == submitted
    assert world.thumbnailer.images == []


def test_it_is_made_of_the_derivative_of_the_type_that_is_named() -> None:
    world = World(failed(), large())
    made = world.regenerate(DerivativeType.LARGE_IMAGE)
    assert made is not None
    assert made.generated_from_derivative == LARGE
    assert made.ac_derived_from == METADATA
    assert world.uploads.records[FILE].thumbnail_status is ThumbnailStatus.FAILED
    assert world.regenerate(DerivativeType.LARGE_IMAGE) == made
    assert len(world.thumbnailer.images) == 1


def test_one_of_a_derivative_is_made_again_of_the_derivative() -> None:
    world = World(failed(), large())
    made = world.regenerate(DerivativeType.LARGE_IMAGE)
    assert made is not None
    world.objects.remove(made.object_key)
    assert world.regenerate() == made
    assert world.objects.body(made.object_key) == b"a small picture"


def test_a_type_that_no_derivative_has_is_refused() -> None:
    with pytest.raises(InvalidError, match="DerivedFromType not found for metadata"):
        World(failed(), large()).regenerate(DerivativeType.CROPPED_IMAGE)


@pytest.mark.parametrize(
    "world",
    [
        lambda: World(failed(), failure="image_damaged"),
        lambda: World(
            upload(
                content=content(detected_media_type="text/csv"),
                thumbnail_identifier=None,
                thumbnail_status=ThumbnailStatus.UNSUPPORTED,
            )
        ),
        lambda: World(resource_external_url="https://example.org/a"),
    ],
    ids=["damaged", "no image", "something outside"],
)
def test_where_none_can_be_made_there_is_none(world: Callable[[], World]) -> None:
    assert world().regenerate() is None


def test_a_main_file_that_is_gone_has_none() -> None:
    world = World(failed())
    world.uploads.records[FILE] = replace(world.uploads.records[FILE], deleted_on=NOON)
    assert world.regenerate() is None


def test_metadata_that_is_not_there_is_told() -> None:
    world = World(failed())
    with pytest.raises(NotFoundError):
        world.regenerate(identifier=identifier(99))
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON)
    with pytest.raises(GoneError):
        world.regenerate()

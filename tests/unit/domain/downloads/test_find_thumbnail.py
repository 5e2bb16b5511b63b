"""Downloads of thumbnails by the file that they show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.downloads.find import Download, find_derivative, find_thumbnail
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError, NotReadyError
from coffer.domain.uploads.record import ObjectUpload, Rejection, ThumbnailStatus, UploadStatus
from tests.fakes import InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import (
    FILE,
    STRANGER,
    THUMBNAIL,
    caller,
    content,
    describe,
    identifier,
    metadata,
    thumbnail,
    upload,
)

READER = caller(Role.READ_ONLY)


def ready(**changes: Any) -> ObjectUpload:
    """Return an upload with a thumbnail."""
    return upload(**{"thumbnail_status": ThumbnailStatus.READY} | changes)


def find(
    stored: ObjectUpload, who: Caller = READER, bucket: str = "aafc", **described: Any
) -> Download:
    """Find the thumbnail of an upload; `described` are attributes of its record."""
    uploads = InMemoryUploads(stored)
    catalogue = InMemoryCatalogue(uploads)
    if described:
        describe(catalogue, metadata(**described))
    return find_thumbnail(uploads, catalogue, who, bucket, FILE)


def test_the_group_may_download_the_thumbnail_of_an_undescribed_file() -> None:
    found = find(ready(), bucket="AAFC")
    assert found.object_key == f"thumbnails/aafc/{THUMBNAIL}.jpg"
    assert (found.filename, found.media_type) == ("leaf_thumbnail.jpg", "image/jpeg")
    assert found.stored is None  # the store knows its ETag


def test_it_is_named_after_the_name_in_the_record() -> None:
    assert find(ready(), filename="Sheet 12.png").filename == "Sheet 12_thumbnail.jpg"


def test_it_is_named_by_its_identifier_if_the_file_has_no_name() -> None:
    assert find(ready(original_filename="")).filename == f"{THUMBNAIL}.jpg"


@pytest.mark.parametrize("who", [STRANGER, caller(None)])
def test_others_get_it_only_with_a_publicly_releasable_record(who: Caller) -> None:
    assert find(ready(), who, publicly_releasable=True)
    others: tuple[dict[str, Any], ...] = ({}, {"publicly_releasable": False})
    for described in others:
        with pytest.raises(ForbiddenError):
            find(ready(), who, **described)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (ThumbnailStatus.PENDING, "thumbnail_pending"),
        (ThumbnailStatus.FAILED, "thumbnail_failed"),
        (ThumbnailStatus.UNSUPPORTED, "thumbnail_unsupported"),
    ],
)
def test_a_missing_thumbnail_has_a_reason(status: ThumbnailStatus, code: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        find(upload(thumbnail_status=status, thumbnail_failure="image_damaged"))
    assert refused.value.problems[0].code == code
    assert isinstance(refused.value, NotReadyError) is (status is ThumbnailStatus.PENDING)


@pytest.mark.parametrize(
    "stored",
    [
        upload(status=UploadStatus.PROCESSING),
        upload(is_derivative=True, thumbnail_identifier=None, thumbnail_status=None),
        replace(
            upload(inspected_content=None, thumbnail_status=None),
            status=UploadStatus.REJECTED,
            rejection=Rejection(code="empty_file", detail="Can't store empty file."),
        ),
    ],
    ids=["processing", "derivative", "refused"],
)
def test_only_a_stored_main_file_has_one(stored: ObjectUpload) -> None:
    with pytest.raises(NotFoundError):
        find(stored)


def test_it_is_not_in_another_bucket() -> None:
    with pytest.raises(NotFoundError):
        find(ready(), bucket="bicoe")


def test_it_is_gone_with_its_file() -> None:
    with pytest.raises(GoneError):
        find(ready(deleted_on=NOON, deleted_by="alice"))


def test_a_file_of_another_type_names_its_type() -> None:
    stored = upload(
        inspected_content=content(evaluated_media_type="text/csv"),
        thumbnail_identifier=None,
        thumbnail_status=ThumbnailStatus.UNSUPPORTED,
    )
    with pytest.raises(NotFoundError, match="text/csv"):
        find(stored)


def found_with(
    *derivatives: Derivative,
    main: ObjectUpload | None = None,
    files: tuple[ObjectUpload, ...] = (),
    who: Caller = READER,
) -> Download:
    """Find the thumbnail of a file with these derivatives."""
    uploads = InMemoryUploads(main or ready(), *files)
    catalogue = InMemoryCatalogue(uploads)
    describe(catalogue, metadata())
    catalogue.derivative_records.update({one.identifier: one for one in derivatives})
    return find_thumbnail(uploads, catalogue, who, "aafc", FILE)


def submitted(number: int, **changes: Any) -> Derivative:
    known: dict[str, Any] = {
        "identifier": identifier(number),
        "file_identifier": identifier(number + 50),
        "object_key": f"derivatives/aafc/{number}.jpg",
        "created_by": "alice",
        "created_on": NOON + timedelta(minutes=number),
    }
    return thumbnail(**known | changes)


def test_a_submitted_thumbnail_comes_first_as_it_is() -> None:
    found = found_with(thumbnail(), submitted(10))
    assert found.object_key == "derivatives/aafc/10.jpg"
    assert (found.filename, found.media_type) == ("leaf_thumbnail.jpg", "image/jpeg")


def test_the_last_submitted_one_is_used() -> None:
    assert found_with(submitted(11), submitted(10)).object_key == "derivatives/aafc/11.jpg"


def test_a_submitted_one_is_used_if_none_could_be_made() -> None:
    main = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged")
    assert found_with(submitted(10), main=main).object_key == "derivatives/aafc/10.jpg"


def test_a_submitted_one_that_the_caller_may_not_read_is_skipped() -> None:
    found = found_with(submitted(10, publicly_releasable=False), who=STRANGER)
    assert found.object_key == f"thumbnails/aafc/{THUMBNAIL}.jpg"
    assert (
        found_with(submitted(10, publicly_releasable=False)).object_key == "derivatives/aafc/10.jpg"
    )


def of_derivative(status: ThumbnailStatus) -> tuple[Derivative, Derivative, ObjectUpload]:
    """Return a derivative, the thumbnail made from it, and its file."""
    generated = identifier(20)
    large = submitted(10, derivative_type=DerivativeType.LARGE_IMAGE)
    made = thumbnail(
        identifier=generated,
        file_identifier=generated,
        object_key=f"thumbnails/aafc/{generated}.jpg",
        generated_from_derivative=large.identifier,
    )
    file = upload(
        file_identifier=large.file_identifier,
        is_derivative=True,
        thumbnail_identifier=generated,
        thumbnail_status=status,
    )
    return large, made, file


def test_one_made_from_a_derivative_is_used_if_the_file_has_none() -> None:
    large, made, file = of_derivative(ThumbnailStatus.READY)
    main = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged")
    assert found_with(large, made, main=main, files=(file,)).object_key == made.object_key
    assert found_with(large, made, files=(file,)).object_key == thumbnail().object_key
    with pytest.raises(NotFoundError, match="image_damaged"):
        found_with(large, made, main=main)


def test_a_pending_one_of_a_derivative_is_not_used() -> None:
    large, made, file = of_derivative(ThumbnailStatus.PENDING)
    main = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged")
    with pytest.raises(NotFoundError, match="image_damaged"):
        found_with(large, made, main=main, files=(file,))


def test_a_thumbnail_of_a_derivative_is_found_by_its_own_identifier() -> None:
    large, made, file = of_derivative(ThumbnailStatus.READY)
    uploads = InMemoryUploads(upload(thumbnail_status=ThumbnailStatus.FAILED), file)
    catalogue = InMemoryCatalogue(uploads)
    describe(catalogue, metadata())
    catalogue.derivative_records[made.identifier] = made
    with pytest.raises(NotFoundError):
        find_derivative(uploads, catalogue, READER, "aafc", made.identifier)
    catalogue.derivative_records[large.identifier] = large
    found = find_derivative(uploads, catalogue, READER, "aafc", made.identifier)
    assert found.object_key == made.object_key

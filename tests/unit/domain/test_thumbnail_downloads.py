"""Thumbnails by the file that they show: who may have them, and when they are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.downloads import Download, find_thumbnail
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError, NotReadyError
from coffer.domain.object_upload import ObjectUpload, Rejection, ThumbnailStatus, UploadStatus
from tests.fakes import InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import (
    FILE,
    STRANGER,
    THUMBNAIL,
    caller,
    content,
    describe,
    metadata,
    upload,
)

READER = caller(Role.READ_ONLY)


def ready(**changes: Any) -> ObjectUpload:
    """An upload whose thumbnail is there."""
    return upload(**{"thumbnail_status": ThumbnailStatus.READY} | changes)


def find(
    stored: ObjectUpload, who: Caller = READER, bucket: str = "aafc", **described: Any
) -> Download:
    """The thumbnail of the one upload there is; `described` makes a record that describes it."""
    uploads = InMemoryUploads(stored)
    catalogue = InMemoryCatalogue(uploads)
    if described:
        describe(catalogue, metadata(**described))
    return find_thumbnail(uploads, catalogue, who, bucket, FILE)


def test_the_group_has_the_thumbnail_before_anything_describes_the_file() -> None:
    found = find(ready(), bucket="AAFC")
    assert found.object_key == f"thumbnails/aafc/{THUMBNAIL}.jpg"
    assert (found.filename, found.media_type) == ("leaf_thumbnail.jpg", "image/jpeg")
    assert (found.tag, found.size_bytes, found.last_modified) == (THUMBNAIL, None, NOON)


def test_it_is_called_after_the_name_in_the_record() -> None:
    assert find(ready(), filename="Sheet 12.png").filename == "Sheet 12_thumbnail.jpg"


def test_it_is_called_by_its_identifier_where_the_file_has_no_name() -> None:
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
def test_a_thumbnail_that_is_not_there_says_why(status: ThumbnailStatus, code: str) -> None:
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
            upload(content=None, thumbnail_status=None),
            status=UploadStatus.REJECTED,
            rejection=Rejection(code="empty_file", detail="Can't store empty file."),
        ),
    ],
    ids=["processing", "derivative", "refused"],
)
def test_only_a_main_file_that_is_kept_has_one(stored: ObjectUpload) -> None:
    with pytest.raises(NotFoundError):
        find(stored)


def test_it_is_not_in_another_bucket() -> None:
    with pytest.raises(NotFoundError):
        find(ready(), bucket="bicoe")


def test_it_goes_with_its_file() -> None:
    with pytest.raises(GoneError):
        find(ready(deleted_on=NOON, deleted_by="alice"))


def test_a_file_of_another_type_names_its_type() -> None:
    stored = upload(
        content=content(evaluated_media_type="text/csv"),
        thumbnail_identifier=None,
        thumbnail_status=ThumbnailStatus.UNSUPPORTED,
    )
    with pytest.raises(NotFoundError, match="text/csv"):
        find(stored)

"""Downloads: who may download which bytes, and their names (as in object-store-api 1.31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.downloads.find import Download, find_derivative, find_file
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError, NotReadyError
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.record import ObjectUpload, Rejection, ThumbnailStatus, UploadStatus
from tests.fakes import InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.records import (
    ADMIN,
    FILE,
    METADATA,
    STRANGER,
    THUMBNAIL,
    caller,
    describe,
    metadata,
    thumbnail,
    upload,
)

READER = caller(Role.READ_ONLY)
REFUSED: dict[str, Any] = {
    "status": UploadStatus.REJECTED,
    "inspected_content": None,
    "rejection": Rejection(code="empty_file", detail="Can't store empty file."),
    "thumbnail_status": None,
}


def find(
    stored: ObjectUpload | None, who: Caller = READER, bucket: str = "aafc", **described: Any
) -> Download:
    """Find the file of an upload; `described` are attributes of a record that describes it."""
    uploads = InMemoryUploads(*([stored] if stored else []))
    catalogue = InMemoryCatalogue(uploads)
    if described:
        describe(catalogue, metadata(**described))
    return find_file(uploads, catalogue, who, bucket, FILE)


def find_thumbnail_record(
    there: Derivative | None, source: ObjectUpload | None, who: Caller = READER, **described: Any
) -> Download:
    """Find the generated thumbnail by its identifier."""
    uploads = InMemoryUploads(*([source] if source else []))
    catalogue = InMemoryCatalogue(uploads)
    if described.pop("exists", True):
        catalogue.metadata_records[METADATA] = metadata(**described)
    if there is not None:
        catalogue.derivative_records[there.identifier] = there
    return find_derivative(uploads, catalogue, who, "AAFC", THUMBNAIL)


def test_the_group_may_download_a_file_that_nothing_describes() -> None:
    found = find(upload(stored_etag="abc"), bucket="AAFC")
    assert found == Download(
        object_key=f"objects/aafc/{FILE}.png",
        filename="leaf.png",
        media_type="image/png",
        stored=StoredObject(
            key=f"objects/aafc/{FILE}.png", size_bytes=len(PNG), etag="abc", last_modified=NOON
        ),
        has_store_date=False,
        detected_media_type="image/png",
    )


def test_the_record_determines_name_and_type() -> None:
    found = find(upload(), filename="Sheet 12.tif", dc_format="image/x-raw")
    assert (found.filename, found.media_type) == ("Sheet 12.png", "image/x-raw")


@pytest.mark.parametrize(
    ("original", "named", "called"),
    [
        ("leaf.png", None, "leaf.png"),
        ("leaf.png", "myfile", "myfile.png"),
        ("", None, f"{FILE}.png"),
        ("", "", f"{FILE}.png"),
        (".png", None, f"{FILE}.png"),
    ],
)
def test_a_file_without_a_base_name_is_named_by_its_identifier(
    original: str, named: str | None, called: str
) -> None:
    assert find(upload(original_filename=original), filename=named).filename == called


def test_etag_and_date_are_those_of_the_store() -> None:
    """The store compares them after a redirect."""
    etag, stored_on = "9b2cf535f27731c974343645a3985328-2", NOON + timedelta(minutes=7)
    found = find(upload(source_etag="abc", stored_etag=etag, stored_on=stored_on))
    assert found.stored is not None
    assert (found.stored.etag, found.stored.last_modified) == (etag, stored_on)
    assert found.has_store_date


@pytest.mark.parametrize(
    "old", [{}, {"source_etag": "abc"}, {"source_etag": "abc", "stored_etag": "abc"}]
)
def test_the_store_is_asked_about_old_records_without_etag_or_date(old: dict[str, Any]) -> None:
    found = find(upload(**old))
    assert found.stored is None
    assert found.has_store_date


@pytest.mark.parametrize(
    ("who", "private", "public", "undescribed"),
    [
        (ADMIN, True, True, True),
        (caller(Role.USER), True, True, True),
        (READER, True, True, True),
        (caller(None), False, True, False),
        (STRANGER, False, True, False),
        (Caller(username="nobody"), False, True, False),
    ],
)
def test_the_right_to_download_follows_the_table(
    who: Caller, private: bool, public: bool, undescribed: bool
) -> None:
    table: tuple[tuple[bool, dict[str, Any]], ...] = (
        (private, {"publicly_releasable": False}),
        (public, {"publicly_releasable": True}),
        (undescribed, {}),
    )
    for allowed, described in table:
        if allowed:
            assert find(upload(), who, **described)
        else:
            with pytest.raises(ForbiddenError):
                find(upload(), who, **described)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        upload(status=UploadStatus.PENDING),
        upload(status=UploadStatus.PROCESSING),
        upload(is_derivative=True),
    ],
)
def test_unfinished_uploads_and_derivatives_are_not_found(stored: ObjectUpload | None) -> None:
    for who in (READER, STRANGER):
        with pytest.raises(NotFoundError) as refused:
            find(stored, who)
        assert refused.value.problems[0].detail == f"{FILE} or bucket: aafc not found"


def test_a_file_is_not_in_another_bucket() -> None:
    with pytest.raises(NotFoundError):
        find(upload(), ADMIN, bucket="cnc")


def test_a_stranger_does_not_learn_whether_the_bucket_was_right() -> None:
    for bucket in ("aafc", "cnc"):
        with pytest.raises(ForbiddenError):
            find(upload(), STRANGER, bucket=bucket)


def test_a_deleted_file_is_gone_for_those_who_could_read_it() -> None:
    deleted = upload(deleted_on=NOON, deleted_by="alice")
    with pytest.raises(GoneError) as gone:
        find(deleted)
    assert gone.value.instance_id == f"object-upload/{FILE}"
    with pytest.raises(ForbiddenError):
        find(deleted, STRANGER)


def test_a_rejected_file_is_not_found_with_the_reason() -> None:
    with pytest.raises(NotFoundError, match="Can't store empty file") as refused:
        find(upload(**REFUSED))
    assert refused.value.problems[0].code == "file_rejected"


def find_uploaded_derivative(
    who: Caller = READER, bucket: str = "aafc", **changes: Any
) -> Download:
    derivative = {"is_derivative": True, "thumbnail_identifier": None, "thumbnail_status": None}
    uploads = InMemoryUploads(upload(**derivative | changes))
    return find_derivative(uploads, InMemoryCatalogue(uploads), who, bucket, FILE)


def test_the_group_may_download_an_uploaded_derivative() -> None:
    found = find_uploaded_derivative()
    assert found.object_key == f"derivatives/aafc/{FILE}.png"
    assert (found.filename, found.media_type) == ("leaf.png", "image/png")
    with pytest.raises(ForbiddenError):
        find_uploaded_derivative(STRANGER)


@pytest.mark.parametrize(
    ("changes", "bucket", "kind"),
    [
        ({"is_derivative": False}, "aafc", NotFoundError),
        ({"status": UploadStatus.PROCESSING}, "aafc", NotFoundError),
        ({}, "cnc", NotFoundError),
        ({"deleted_on": NOON}, "aafc", GoneError),
        (REFUSED, "aafc", NotFoundError),
    ],
)
def test_a_missing_derivative_is_not_found(
    changes: dict[str, Any], bucket: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        find_uploaded_derivative(ADMIN, bucket, **changes)


MADE = upload(thumbnail_status=ThumbnailStatus.READY)


def test_a_generated_thumbnail_is_named_after_the_metadata() -> None:
    found = find_thumbnail_record(thumbnail(), MADE, filename="testfile.png")
    assert found == Download(
        object_key=f"thumbnails/aafc/{THUMBNAIL}.jpg",
        filename="testfile_thumbnail.jpg",
        media_type="image/jpeg",
    )


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        (DerivativeType.THUMBNAIL_IMAGE, "thumbnail"),
        (DerivativeType.LARGE_IMAGE, "large"),
        (DerivativeType.CROPPED_IMAGE, "cropped"),
        (None, "derivative"),
    ],
)
def test_each_kind_of_derivative_has_its_suffix(kind: DerivativeType | None, suffix: str) -> None:
    found = find_thumbnail_record(thumbnail(derivative_type=kind), MADE)
    assert found.filename == f"leaf_{suffix}.jpg"


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ({"filename": None}, "leaf_thumbnail.jpg"),
        ({"filename": None, "original_filename": None}, f"{THUMBNAIL}.jpg"),
        ({"filename": ".png"}, f"{THUMBNAIL}.jpg"),
    ],
)
def test_a_thumbnail_of_an_unnamed_file_is_named_by_its_identifier(
    names: dict[str, Any], called: str
) -> None:
    assert find_thumbnail_record(thumbnail(), MADE, **names).filename == called


def test_a_generated_thumbnail_is_as_public_as_its_record_says() -> None:
    assert find_thumbnail_record(thumbnail(), MADE, STRANGER)
    private = thumbnail(publicly_releasable=False)
    assert find_thumbnail_record(private, MADE, READER)
    with pytest.raises(ForbiddenError):
        find_thumbnail_record(private, MADE, STRANGER)


def test_a_pending_thumbnail_is_not_ready() -> None:
    with pytest.raises(NotReadyError) as refused:
        find_thumbnail_record(thumbnail(), upload())
    assert refused.value.retry_after_seconds > 0


def test_a_failed_thumbnail_is_not_found_with_the_reason() -> None:
    failed = upload(thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged")
    with pytest.raises(NotFoundError, match="image_damaged") as refused:
        find_thumbnail_record(thumbnail(), failed)
    assert refused.value.problems[0].code == "thumbnail_failed"


@pytest.mark.parametrize(
    ("there", "source", "described"),
    [
        (thumbnail(file_identifier=FILE), MADE, {}),
        (thumbnail(bucket="cnc"), MADE, {}),
        (thumbnail(), None, {}),
        (thumbnail(), MADE, {"exists": False}),
        (thumbnail(), MADE, {"file_identifier": None}),
        (thumbnail(), upload(deleted_on=NOON), {}),
    ],
    ids=["another's", "elsewhere", "no file", "no record", "external", "deleted file"],
)
def test_a_thumbnail_without_its_file_is_not_found(
    there: Derivative | None, source: ObjectUpload | None, described: dict[str, Any]
) -> None:
    with pytest.raises(NotFoundError) as refused:
        find_thumbnail_record(there, source, ADMIN, **described)
    assert refused.value.problems[0].code == "file_not_found"


def test_a_deleted_thumbnail_of_a_described_file_is_gone() -> None:
    described = replace(MADE, claimed_by=f"metadata/{METADATA}")
    with pytest.raises(GoneError) as gone:
        find_thumbnail_record(thumbnail(deleted_on=NOON), described)
    assert gone.value.instance_id == f"derivative/{THUMBNAIL}"


def test_a_thumbnail_without_a_record_is_found_by_the_group_only() -> None:
    found = find_thumbnail_record(None, MADE, exists=False)
    assert found.object_key == f"thumbnails/aafc/{THUMBNAIL}.jpg"
    assert found.filename == "leaf_thumbnail.jpg"
    with pytest.raises(ForbiddenError):
        find_thumbnail_record(None, MADE, STRANGER, exists=False)
    with pytest.raises(NotReadyError):
        find_thumbnail_record(None, upload(), exists=False)


@pytest.mark.parametrize(
    "source",
    [upload(thumbnail_identifier=None), upload(status=UploadStatus.PROCESSING), None],
    ids=["without thumbnail", "processing", "no file"],
)
def test_an_identifier_that_no_file_has_is_not_found(source: ObjectUpload | None) -> None:
    for who in (READER, STRANGER):
        with pytest.raises(NotFoundError) as refused:
            find_thumbnail_record(None, source, who, exists=False)
        assert refused.value.problems[0].code == "file_not_found"


def test_the_thumbnail_of_a_deleted_record_is_found_as_that_of_an_undescribed_file() -> None:
    deleted = thumbnail(deleted_on=NOON)
    assert find_thumbnail_record(deleted, MADE, exists=False)
    with pytest.raises(ForbiddenError):
        find_thumbnail_record(deleted, MADE, STRANGER, exists=False)
    with pytest.raises(GoneError) as gone:
        find_thumbnail_record(deleted, replace(MADE, deleted_on=NOON), exists=False)
    assert gone.value.instance_id == f"object-upload/{FILE}"

"""Contract of the Uploads port, for its fake and for DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import (
    Awaiting,
    ObjectUpload,
    Rejection,
    ThumbnailStatus,
    UploadStatus,
)
from tests.fakes import InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.objects import sha1_of
from tests.fakes.records import FILE, content, identifier, pending, upload
from tests.fakes.thumbnails import PROPERTIES

SHA1 = sha1_of(PNG)


@pytest.fixture(params=["in memory", "DynamoDB"])
def uploads(request: pytest.FixtureRequest) -> Uploads:
    if request.param == "in memory":
        return InMemoryUploads()
    request.getfixturevalue("stack")
    return DynamoUploads()


RECORDS: dict[str, ObjectUpload] = {
    "available": upload(),
    "pending": pending(),
    "processing": upload(
        status=UploadStatus.PROCESSING,
        source_etag="0" * 32,
        inspected_content=None,
        object_key=None,
        thumbnail_identifier=None,
        thumbnail_status=None,
        version=0,
    ),
    "planned": upload(status=UploadStatus.PROCESSING, thumbnail_status=None, version=0),
    "being moved": upload(status=UploadStatus.PROCESSING, copy_identifier="2~Kx", version=0),
    "without hashes": upload(inspected_content=content(sha1_hex=None, crc32=None)),
    "rejected": upload(
        status=UploadStatus.REJECTED,
        rejection=Rejection(code="empty_file", detail="Can't store empty file."),
        inspected_content=None,
        awaiting=None,
        awaiting_since=None,
    ),
    "without name and type": upload(original_filename="", received_media_type=None),
    "in a folder": upload(folder="Hêtre 标本/sub"),
    "without extension": upload(
        inspected_content=content(detected_file_extension="", evaluated_file_extension="")
    ),
    "derivative": upload(is_derivative=True, thumbnail_identifier=None, thumbnail_status=None),
    "failed thumbnail": upload(
        thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged"
    ),
    "photo": upload(image_properties=PROPERTIES, thumbnail_status=ThumbnailStatus.READY),
    "claimed duplicate": upload(claimed_by="metadata/m", duplicate_found=True, awaiting=None),
    "tombstone": upload(
        deleted_on=NOON,
        deleted_by="root",
        awaiting=Awaiting.REMOVAL,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    ),
    "huge, in another spelling and script": upload(
        bucket="AaFc.x~1",
        original_filename="Käfer 标本.tif",
        inspected_content=content(size_in_bytes=5 * 1024**4),
    ),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_is_read_as_it_was_written(uploads: Uploads, record: ObjectUpload) -> None:
    added = uploads.add(record)
    assert added == replace(record, revision=1)
    assert uploads.get(FILE) == added


def test_a_record_that_was_never_added_is_absent(uploads: Uploads) -> None:
    assert uploads.get(FILE) is None


def test_an_identifier_is_unique(uploads: Uploads) -> None:
    first = uploads.add(pending())
    with pytest.raises(RecordExistsError):
        uploads.add(upload(created_by="bob"))
    assert uploads.get(FILE) == first


def test_replacing_returns_the_record_as_it_is_stored(uploads: Uploads) -> None:
    before = uploads.add(pending())
    after = uploads.replace(before, upload())
    assert after == replace(upload(), revision=before.revision + 1)
    assert uploads.get(FILE) == after


def test_attributes_missing_in_a_replacement_are_removed(uploads: Uploads) -> None:
    before = uploads.add(upload(claimed_by="metadata/m", thumbnail_failure="x"))
    uploads.replace(before, RECORDS["processing"])
    current = uploads.get(FILE)
    assert current is not None
    assert replace(current, revision=1) == RECORDS["processing"]


def test_an_old_revision_cannot_be_replaced(uploads: Uploads) -> None:
    before = uploads.add(pending())
    theirs = uploads.replace(before, upload(created_by="bob"))
    with pytest.raises(RecordChangedError):
        uploads.replace(before, upload(created_by="carol"))
    assert uploads.get(FILE) == theirs


def test_a_missing_record_cannot_be_replaced(uploads: Uploads) -> None:
    with pytest.raises(RecordChangedError):
        uploads.replace(upload(), upload())
    assert uploads.get(FILE) is None


def test_each_replacement_increments_the_revision(uploads: Uploads) -> None:
    current = uploads.add(pending())
    for _ in range(3):
        current = uploads.replace(current, current)
    assert current.revision == 4


def test_a_discarded_record_is_gone(uploads: Uploads) -> None:
    uploads.discard(uploads.add(pending()))
    assert uploads.get(FILE) is None
    assert uploads.add(pending()).revision == 1


def test_an_old_revision_cannot_be_discarded(uploads: Uploads) -> None:
    before = uploads.add(pending())
    theirs = uploads.replace(before, upload())
    with pytest.raises(RecordChangedError):
        uploads.discard(before)
    assert uploads.get(FILE) == theirs


def test_a_missing_record_cannot_be_discarded(uploads: Uploads) -> None:
    with pytest.raises(RecordChangedError):
        uploads.discard(pending())


def test_readable_uploads_are_found_by_their_content(uploads: Uploads) -> None:
    uploads.add(upload(bucket="AAFC"))
    uploads.add(upload(file_identifier=identifier(7), bucket="cnc"))
    uploads.add(upload(file_identifier=identifier(8), inspected_content=content(sha1_hex="0" * 40)))
    assert sorted(uploads.buckets_with_content(SHA1)) == ["aafc", "cnc"]
    assert list(uploads.buckets_with_content(SHA1, "aafc")) == ["aafc"]
    assert list(uploads.buckets_with_content(SHA1, "other")) == []
    assert list(uploads.buckets_with_content("f" * 40)) == []


@pytest.mark.parametrize("name", ["pending", "planned", "rejected", "tombstone", "without hashes"])
def test_uploads_that_are_not_readable_are_not_found_by_content(
    uploads: Uploads, name: str
) -> None:
    uploads.add(RECORDS[name])
    assert list(uploads.buckets_with_content(SHA1)) == []


def test_an_upload_is_found_by_content_while_it_is_available(uploads: Uploads) -> None:
    before = uploads.add(pending())
    available = uploads.replace(before, upload())
    assert list(uploads.buckets_with_content(SHA1)) == ["aafc"]
    uploads.replace(available, replace(available, deleted_on=NOON))
    assert list(uploads.buckets_with_content(SHA1)) == []


def waiting(number: int, since: datetime, reason: Awaiting = Awaiting.COMPLETION) -> ObjectUpload:
    return pending(file_identifier=identifier(number), awaiting=reason, awaiting_since=since)


def test_uploads_are_found_by_reason_and_time_of_waiting(uploads: Uploads) -> None:
    microsecond = timedelta(microseconds=1)
    # More than there are shards, so that every shard has some.
    for number in range(20):
        uploads.add(waiting(number, NOON - microsecond))
    uploads.add(waiting(30, NOON))
    uploads.add(waiting(31, NOON + timedelta(days=1)))
    uploads.add(waiting(32, NOON - microsecond, Awaiting.CLAIM))
    found = list(uploads.awaiting(Awaiting.COMPLETION, NOON))
    assert sorted(found) == [identifier(number) for number in range(20)]
    assert list(uploads.awaiting(Awaiting.CLAIM, NOON)) == [identifier(32)]
    assert list(uploads.awaiting(Awaiting.REMOVAL, NOON)) == []


def test_an_upload_that_no_longer_waits_is_not_found(uploads: Uploads) -> None:
    before = uploads.add(waiting(1, NOON - timedelta(hours=1)))
    settled: dict[str, Any] = {"awaiting": None, "awaiting_since": None}
    uploads.replace(before, replace(before, **settled))
    assert list(uploads.awaiting(Awaiting.COMPLETION, NOON)) == []


def test_uploads_may_be_removed_while_they_are_listed(uploads: Uploads) -> None:
    for number in range(5):
        uploads.add(waiting(number, NOON - timedelta(hours=1)))
    for found in uploads.awaiting(Awaiting.COMPLETION, NOON):
        record = uploads.get(found)
        assert record is not None
        uploads.discard(record)
    assert list(uploads.awaiting(Awaiting.COMPLETION, NOON)) == []


def failed(number: int, code: str) -> ObjectUpload:
    return upload(
        file_identifier=identifier(number),
        thumbnail_status=ThumbnailStatus.FAILED,
        thumbnail_failure=code,
    )


def test_uploads_are_found_by_the_failure_of_their_thumbnail_in_order(uploads: Uploads) -> None:
    for number in (3, 1, 2):
        uploads.add(failed(number, "image_damaged"))
    uploads.add(failed(4, "decoder_crashed"))
    uploads.add(upload(file_identifier=identifier(5)))
    every = [identifier(number) for number in (1, 2, 3)]
    assert list(uploads.with_failed_thumbnail("image_damaged", None)) == every
    assert list(uploads.with_failed_thumbnail("image_damaged", identifier(1))) == every[1:]
    assert list(uploads.with_failed_thumbnail("no_preview", None)) == []


def test_an_upload_whose_thumbnail_is_requested_again_is_not_found(uploads: Uploads) -> None:
    before = uploads.add(failed(1, "image_damaged"))
    uploads.replace(before, before.thumbnail_requested("t"))
    assert list(uploads.with_failed_thumbnail("image_damaged", None)) == []

"""The change stream: what the audit keeps and what the bus is told of one change."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.changes.publish import Announcement, Record, announce, tell
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.errors import UnavailableError
from coffer.domain.listing.attributes import (
    derivative_attributes,
    metadata_attributes,
    upload_attributes,
)
from coffer.domain.uploads.record import Rejection, ThumbnailStatus, UploadStatus
from tests.fakes import InMemoryAudit, RecordingBus
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.objects import sha1_of
from tests.fakes.records import (
    FILE,
    METADATA,
    THUMBNAIL,
    metadata,
    pending,
    thumbnail,
    upload,
)
from tests.fakes.thumbnails import PROPERTIES

THEN = NOON + timedelta(minutes=1)
REJECTION = Rejection(code="media_type_forbidden", detail="Media type x is invalid.")
REJECTED = upload(
    status=UploadStatus.REJECTED,
    rejection=REJECTION,
    inspected_content=None,
    thumbnail_status=None,
    awaiting=None,
)
MADE = replace(upload(), thumbnail_status=ThumbnailStatus.READY, version=2)
FAILED = replace(
    upload(),
    thumbnail_status=ThumbnailStatus.FAILED,
    thumbnail_failure="image_damaged",
    version=2,
)


def announced(before: Record | None, after: Record | None) -> Announcement:
    announcement = announce(before, after, THEN)
    assert announcement is not None
    return announcement


def heard(before: Record | None, after: Record | None) -> list[tuple[str, str]]:
    """Type and gist of each message."""
    return [
        (
            message["type"],
            message.get("operation")
            or message.get("thumbnailStatus")
            or f"{message['operationType']} {message['documentType']}",
        )
        for message in announced(before, after).messages
    ]


# ---------------------------------------------------------------- what is a change


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (upload(), None),
        (metadata(), None),
        (None, pending()),
        (pending(), pending(revision=2)),
        (upload(), upload(claimed_by="metadata/m", awaiting=None, revision=2)),
        (metadata(), metadata()),
        (thumbnail(), thumbnail()),
    ],
    ids=["removed", "removed", "pending", "planned", "claimed", "unchanged", "unchanged"],
)
def test_what_no_reader_sees_is_nobodys_business(
    before: Record | None, after: Record | None
) -> None:
    assert announce(before, after, THEN) is None


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        (pending(), upload(), [("ObjectUploadNotification", "created")]),
        (None, upload(), [("ObjectUploadNotification", "created")]),
        (pending(), REJECTED, [("ObjectUploadNotification", "rejected")]),
        (upload(), MADE, [("ThumbnailNotification", "READY")]),
        (upload(), FAILED, [("ThumbnailNotification", "FAILED")]),
        (
            MADE,
            replace(MADE, deleted_on=NOON, deleted_by="root", version=3),
            [("ObjectUploadNotification", "deleted")],
        ),
        (MADE, replace(MADE, original_filename="b.png", version=3), []),
        (None, metadata(), [("DocumentOperationNotification", "ADD metadata")]),
        (
            metadata(),
            metadata(version=2),
            [("DocumentOperationNotification", "UPDATE metadata")],
        ),
        (
            metadata(),
            metadata(version=2, deleted_on=NOON),
            [("DocumentOperationNotification", "DELETE metadata")],
        ),
        (
            None,
            thumbnail(),
            [
                ("DocumentOperationNotification", "ADD derivative"),
                ("DocumentOperationNotification", "UPDATE metadata"),
            ],
        ),
        (
            thumbnail(),
            thumbnail(version=2, deleted_on=NOON),
            [
                ("DocumentOperationNotification", "DELETE derivative"),
                ("DocumentOperationNotification", "UPDATE metadata"),
            ],
        ),
    ],
)
def test_each_change_is_told_as_what_it_is(
    before: Record | None, after: Record, messages: list[tuple[str, str]]
) -> None:
    assert heard(before, after) == messages


# ---------------------------------------------------------------- what a message says


def test_a_new_upload_is_told_with_all_its_attributes() -> None:
    [message] = announced(pending(), upload(duplicate_found=True)).messages
    assert message == {
        "type": "ObjectUploadNotification",
        "operation": "created",
        "fileIdentifier": FILE,
        **upload_attributes(upload()),
        "imageable": True,
        "warnings": {"duplicate_found": "A file with the same content already exists"},
        "version": 1,
        "id": message["id"],
        "occurredOn": "2026-11-22T12:01:00.250000Z",
    }
    json.dumps(message)


@pytest.mark.parametrize(
    ("after", "imageable"),
    [
        (upload(), True),
        (upload(thumbnail_status=ThumbnailStatus.UNSUPPORTED), False),
        (upload(is_derivative=True, thumbnail_status=None), False),
        (REJECTED, False),
        (upload(thumbnail_status=ThumbnailStatus.PENDING, inspected_content=None), False),
    ],
)
def test_imageable_says_whether_a_thumbnail_is_to_be_made(after: Record, imageable: bool) -> None:
    [message] = announced(pending(), after).messages
    assert message["imageable"] is imageable


def test_a_refused_upload_is_told_with_its_reason() -> None:
    [message] = announced(pending(), REJECTED).messages
    assert message["rejectionReason"] == {"code": REJECTION.code, "detail": REJECTION.detail}
    assert message["sha1Hex"] is message["thumbnailIdentifier"] is None


def test_a_failed_thumbnail_is_told_with_its_reason() -> None:
    [message] = announced(upload(), FAILED).messages
    assert message == {
        "type": "ThumbnailNotification",
        "fileIdentifier": FILE,
        "bucket": "aafc",
        "thumbnailIdentifier": THUMBNAIL,
        "thumbnailStatus": "FAILED",
        "thumbnailFailure": "image_damaged",
        "dateTimeDigitized": None,
        "width": None,
        "height": None,
        "orientation": None,
        "version": 2,
        "id": message["id"],
        "occurredOn": "2026-11-22T12:01:00.250000Z",
    }


def test_what_the_image_says_about_itself_is_told_with_its_thumbnail() -> None:
    announcement = announced(upload(), upload().thumbnail_ready(PROPERTIES))
    [message] = announcement.messages
    assert message["dateTimeDigitized"] == "2020-11-13T10:03:17"
    assert (message["width"], message["height"], message["orientation"]) == (400, 300, 6)
    assert announcement.snapshot["state"]["exif"] == PROPERTIES.exif
    assert announcement.snapshot["changedProperties"] == [
        "dateTimeDigitized",
        "exif",
        "height",
        "orientation",
        "thumbnailStatus",
        "width",
    ]


def test_documents_are_told_in_the_references_words() -> None:
    [message] = announced(None, metadata()).messages
    assert message == {
        "type": "DocumentOperationNotification",
        "dryRun": False,
        "documentId": METADATA,
        "documentType": "metadata",
        "operationType": "ADD",
        "version": 1,
        "id": message["id"],
        "occurredOn": "2026-11-22T12:01:00.250000Z",
    }


def test_a_derivatives_metadata_is_told_of_by_its_own_identifier() -> None:
    first, second = announced(None, thumbnail()).messages
    assert (first["documentId"], second["documentId"]) == (THUMBNAIL, METADATA)


def test_a_repeated_change_is_told_under_the_same_ids_whenever_it_comes() -> None:
    once_, again = announced(None, thumbnail()), announce(None, thumbnail(), NOON)
    assert again is not None
    assert [m["id"] for m in once_.messages] == [m["id"] for m in again.messages]


def test_no_two_messages_share_an_id() -> None:
    changes: list[tuple[Record | None, Record]] = [
        (None, upload()),
        (upload(), MADE),
        (MADE, replace(MADE, deleted_on=NOON, version=3)),
        (None, metadata()),
        (metadata(), metadata(version=2)),
        (None, thumbnail()),
        (None, thumbnail(identifier=FILE)),
        (None, metadata(identifier=FILE)),
    ]
    ids = [m["id"] for before, after in changes for m in announced(before, after).messages]
    assert len(ids) == 10
    assert len(set(ids)) == len(ids)


# ---------------------------------------------------------------- what the audit keeps


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (upload(), f"object-upload/{FILE}"),
        (metadata(), f"metadata/{METADATA}"),
        (thumbnail(), f"derivative/{THUMBNAIL}"),
    ],
)
def test_a_record_has_one_name_in_the_audit(record: Record, name: str) -> None:
    assert record.instance_id == name
    assert announced(None, record).snapshot["instanceId"] == name


def test_the_first_snapshot_changes_everything_that_is_not_null() -> None:
    snapshot = announced(pending(), upload()).snapshot
    assert snapshot["snapshotType"] == "INITIAL"
    assert snapshot["author"] == "alice"
    assert snapshot["commitDateTime"] == "2026-11-22T12:01:00.250000Z"
    assert snapshot["version"] == 1
    assert snapshot["state"] == upload_attributes(upload())
    filled = {name for name, value in snapshot["state"].items() if value is not None}
    assert set(snapshot["changedProperties"]) == filled


def test_a_later_snapshot_names_what_changed() -> None:
    snapshot = announced(upload(), FAILED).snapshot
    assert snapshot["snapshotType"] == "UPDATE"
    assert snapshot["author"] == "System Generated"
    assert snapshot["changedProperties"] == ["thumbnailFailure", "thumbnailStatus"]


def test_an_attribute_that_went_changed_too() -> None:
    snapshot = announced(metadata(ac_tags=("leaf",)), metadata(version=2)).snapshot
    assert snapshot["changedProperties"] == ["acTags"]


@pytest.mark.parametrize(
    "record",
    [
        upload(deleted_on=NOON, deleted_by="root", version=3),
        metadata(deleted_on=NOON, deleted_by="root", version=3),
        thumbnail(deleted_on=NOON, deleted_by="root", version=3),
    ],
)
def test_the_last_snapshot_names_who_deleted_it(record: Record) -> None:
    snapshot = announced(None, record).snapshot
    assert (snapshot["snapshotType"], snapshot["author"]) == ("TERMINAL", "root")


@pytest.mark.parametrize("record", [upload(), REJECTED, metadata(), thumbnail()])
def test_a_snapshot_is_ready_for_json(record: Record) -> None:
    assert json.loads(json.dumps(announced(None, record).snapshot))


# ---------------------------------------------------------------- telling


def test_the_audit_is_written_before_the_bus_is_told() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    bus.refused = {"DocumentOperationNotification"}
    with pytest.raises(UnavailableError):
        tell(audit, bus, announced(None, metadata()))
    assert list(audit.snapshots) == [(f"metadata/{METADATA}", 1)]
    assert bus.published == []


def test_told_again_the_snapshot_stays_and_the_messages_are_repeated() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    for _ in range(2):
        tell(audit, bus, announced(None, metadata()))
    assert len(audit.snapshots) == 1
    assert len(bus.published) == 2
    assert len({message["id"] for message in bus.published}) == 1


def test_a_change_without_messages_is_audited_all_the_same() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    tell(audit, bus, announced(MADE, replace(MADE, original_filename="b.png", version=3)))
    assert len(audit.snapshots) == 1
    assert bus.published == []


# ---------------------------------------------------------------- attributes


def test_an_uploads_attributes_are_the_references() -> None:
    assert upload_attributes(upload()) == {
        "dcType": "IMAGE",
        "createdBy": "alice",
        "createdOn": "2026-11-22T12:00:00.250000Z",
        "originalFilename": "leaf.png",
        "sha1Hex": sha1_of(PNG),
        "crc32": upload().content.crc32,
        "hashStatus": "AVAILABLE",
        "receivedMediaType": "image/png",
        "detectedMediaType": "image/png",
        "detectedFileExtension": ".png",
        "evaluatedMediaType": "image/png",
        "evaluatedFileExtension": ".png",
        "sizeInBytes": len(PNG),
        "bucket": "aafc",
        "isDerivative": False,
        "uploadStatus": "AVAILABLE",
        "rejectionReason": None,
        "thumbnailIdentifier": THUMBNAIL,
        "thumbnailStatus": "PENDING",
        "thumbnailFailure": None,
        "dateTimeDigitized": None,
        "exif": {},
        "width": None,
        "height": None,
        "orientation": None,
    }


def test_metadata_leaves_out_what_the_reference_leaves_out() -> None:
    optional: dict[str, Any] = {
        "ac_caption": "A leaf",
        "ac_tags": ("leaf",),
        "not_publicly_releasable_reason": "embargo",
        "ac_subtype": "SHEET",
    }
    plain, full = metadata_attributes(metadata()), metadata_attributes(metadata(**optional))
    assert set(full) - set(plain) == {
        "acCaption",
        "acTags",
        "notPubliclyReleasableReason",
        "acSubtype",
    }
    assert plain["group"] == plain["bucket"] == "aafc"
    assert plain["acDigitizationDate"] is None
    assert metadata_attributes(metadata(ac_digitization_date=NOON))["acDigitizationDate"] == (
        "2026-11-22T12:00:00.250000Z"
    )


def test_a_derivative_without_a_kind_says_null() -> None:
    assert derivative_attributes(thumbnail())["derivativeType"] == DerivativeType.THUMBNAIL_IMAGE
    assert derivative_attributes(thumbnail(derivative_type=None))["derivativeType"] is None

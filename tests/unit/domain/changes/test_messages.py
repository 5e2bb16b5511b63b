"""Messages about changes: which there are, and their members."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from coffer.domain.changes.publish import describe_change
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.record import ThumbnailStatus
from tests.fakes.clocks import NOON
from tests.fakes.records import FILE, METADATA, THUMBNAIL, metadata, pending, thumbnail, upload
from tests.fakes.thumbnails import PROPERTIES
from tests.unit.domain.changes.examples import (
    REJECTED,
    REJECTION,
    WITH_THUMBNAIL,
    WITHOUT_THUMBNAIL,
    visible_change,
)


def summaries(before: AuditedRecord | None, after: AuditedRecord | None) -> list[tuple[str, str]]:
    """Return the type of each message, and what it is about."""
    return [
        (
            message["type"],
            message.get("operation")
            or message.get("thumbnailStatus")
            or f"{message['operationType']} {message['documentType']}",
        )
        for message in visible_change(before, after).messages
    ]


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        (pending(), upload(), [("ObjectUploadNotification", "created")]),
        (None, upload(), [("ObjectUploadNotification", "created")]),
        (pending(), REJECTED, [("ObjectUploadNotification", "rejected")]),
        (upload(), WITH_THUMBNAIL, [("ThumbnailNotification", "READY")]),
        (upload(), WITHOUT_THUMBNAIL, [("ThumbnailNotification", "FAILED")]),
        (
            WITH_THUMBNAIL,
            replace(WITH_THUMBNAIL, deleted_on=NOON, deleted_by="root", version=3),
            [("ObjectUploadNotification", "deleted")],
        ),
        (WITH_THUMBNAIL, replace(WITH_THUMBNAIL, original_filename="b.png", version=3), []),
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
def test_each_change_has_its_messages(
    before: AuditedRecord | None, after: AuditedRecord, messages: list[tuple[str, str]]
) -> None:
    assert summaries(before, after) == messages


def test_the_message_about_a_new_upload_has_all_attributes() -> None:
    [message] = visible_change(pending(), upload(duplicate_found=True)).messages
    assert message == {
        "type": "ObjectUploadNotification",
        "operation": "created",
        "fileIdentifier": FILE,
        **OBJECT_UPLOAD_FIELDS.present(upload()),
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
def test_imageable_is_true_if_a_thumbnail_is_wanted(after: AuditedRecord, imageable: bool) -> None:
    [message] = visible_change(pending(), after).messages
    assert message["imageable"] is imageable


def test_the_message_about_a_rejected_upload_has_the_reason() -> None:
    [message] = visible_change(pending(), REJECTED).messages
    assert message["rejectionReason"] == {"code": REJECTION.code, "detail": REJECTION.detail}
    assert message["sha1Hex"] is message["thumbnailIdentifier"] is None


def test_the_message_about_a_failed_thumbnail_has_the_reason() -> None:
    [message] = visible_change(upload(), WITHOUT_THUMBNAIL).messages
    assert message == {
        "type": "ThumbnailNotification",
        "fileIdentifier": FILE,
        "bucket": "aafc",
        "thumbnailIdentifier": THUMBNAIL,
        "thumbnailStatus": "FAILED",
        "thumbnailFailure": "image_damaged",
        "thumbnailWarning": None,
        "dateTimeDigitized": None,
        "width": None,
        "height": None,
        "orientation": None,
        "version": 2,
        "id": message["id"],
        "occurredOn": "2026-11-22T12:01:00.250000Z",
    }


def test_the_message_about_a_thumbnail_has_the_image_properties() -> None:
    change = visible_change(upload(), upload().thumbnail_ready(PROPERTIES))
    [message] = change.messages
    assert message["dateTimeDigitized"] == "2020-11-13T10:03:17"
    assert (message["width"], message["height"], message["orientation"]) == (400, 300, 6)
    assert change.snapshot["state"]["exif"] == PROPERTIES.exif
    assert change.snapshot["changedProperties"] == [
        "dateTimeDigitized",
        "exif",
        "height",
        "orientation",
        "thumbnailStatus",
        "width",
    ]


def test_the_message_about_a_document_has_the_references_members() -> None:
    [message] = visible_change(None, metadata()).messages
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


def test_the_message_about_a_derivatives_metadata_has_the_metadatas_id() -> None:
    first, second = visible_change(None, thumbnail()).messages
    assert (first["documentId"], second["documentId"]) == (THUMBNAIL, METADATA)


def test_a_repeated_change_has_messages_with_the_same_ids() -> None:
    once_, again = visible_change(None, thumbnail()), describe_change(None, thumbnail(), NOON)
    assert again is not None
    assert [m["id"] for m in once_.messages] == [m["id"] for m in again.messages]


def test_no_two_messages_share_an_id() -> None:
    changes: list[tuple[AuditedRecord | None, AuditedRecord]] = [
        (None, upload()),
        (upload(), WITH_THUMBNAIL),
        (WITH_THUMBNAIL, replace(WITH_THUMBNAIL, deleted_on=NOON, version=3)),
        (None, metadata()),
        (metadata(), metadata(version=2)),
        (None, thumbnail()),
        (None, thumbnail(identifier=FILE)),
        (None, metadata(identifier=FILE)),
    ]
    ids = [m["id"] for before, after in changes for m in visible_change(before, after).messages]
    assert len(ids) == 10
    assert len(set(ids)) == len(ids)

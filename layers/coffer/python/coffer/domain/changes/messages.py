"""Create the messages that the event bus gets for changes, in the form of `docs/events`.

A message's id is derived from the record and its version. So a change that is delivered twice
causes messages with the same ids.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from coffer.domain.callers import ORPHAN_REMOVAL
from coffer.domain.changes.ports import Message
from coffer.domain.changes.snapshots import AuditedRecord, is_new
from coffer.domain.clock import to_text
from coffer.domain.derivatives.record import Derivative
from coffer.domain.export.record import Export, ExportStatus
from coffer.domain.media_types import is_imageable
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS, upload_warnings
from coffer.domain.uploads.orphans import describe_orphan
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype

_CHANGES = UUID("5c7b8f0e-6f0a-5d1e-9b57-3f1c6a2d9e41")
_REFRESHES = UUID("7b1f6f0a-2c0d-5a57-8d38-64a3f2f2c7b5")
"""Namespaces of the messages' ids."""


def create_messages(
    before: AuditedRecord | None,
    after: AuditedRecord,
    occurred_on: datetime,
    access_key: str | None = None,
) -> tuple[Message, ...]:
    """Return the messages about the change of a record.

    `access_key` opens the archive of an export that is finished.
    """
    return tuple(
        {
            **message,
            "version": after.version,
            "id": message_id(
                after.instance_id, after.version, message["type"], message.get("documentType", "")
            ),
            "occurredOn": to_text(occurred_on),
        }
        for message in _messages(before, after, access_key)
        if message is not None
    )


def message_id(instance: str, version: int, type_: str, subject: str = "") -> str:
    """Return the id of a message about one version of a record.

    `subject` distinguishes messages of the same type about the same version.
    """
    return str(uuid5(_CHANGES, f"{instance}/{version}/{type_}/{subject}"))


def refresh_message(identifier: str, version: int, refresh: str, now: datetime) -> Message:
    """Return the message that asks indexes to read a metadata record again.

    It has the same id for the same record and refresh.
    """
    return {
        **_document_message("metadata", identifier, "UPDATE"),
        "version": version,
        "id": str(uuid5(_REFRESHES, f"{refresh}/{identifier}")),
        "occurredOn": to_text(now),
    }


def _messages(
    before: AuditedRecord | None, after: AuditedRecord, access_key: str | None
) -> tuple[dict[str, Any] | None, ...]:
    match after:
        case ObjectUpload():
            earlier = before if isinstance(before, ObjectUpload) else None
            return (
                _upload_message(earlier, after),
                _thumbnail_message(earlier, after),
                _orphan_message(after),
            )
        case Metadata():
            operation = _operation(before, after)
            return (_document_message("metadata", after.identifier, operation),)
        case Derivative():
            # Indexes show derivatives with their metadata. So the metadata has changed for them.
            return (
                _document_message("derivative", after.identifier, _operation(before, after)),
                _document_message("metadata", after.ac_derived_from, "UPDATE"),
            )
        case ManagedAttribute() | ObjectSubtype():
            return ()  # the reference publishes no messages about them either
        case Export():
            return (_export_message(after, access_key),)


def _upload_message(before: ObjectUpload | None, after: ObjectUpload) -> dict[str, Any] | None:
    if after.deleted_on is not None:
        operation = "deleted"
    elif before is not None and before.status is after.status:
        if not _is_upload_update(before, after):
            return None
        operation = "updated"
    else:
        operation = "created" if after.status is UploadStatus.AVAILABLE else "rejected"
    return {
        "type": "ObjectUploadNotification",
        "operation": operation,
        "fileIdentifier": after.file_identifier,
        **OBJECT_UPLOAD_FIELDS.present(after),
        "imageable": after.thumbnail_status is ThumbnailStatus.PENDING
        and after.inspected_content is not None
        and is_imageable(after.inspected_content.detected_media_type),
        "warnings": upload_warnings(duplicate_found=after.duplicate_found),
    }


def _is_upload_update(before: ObjectUpload, after: ObjectUpload) -> bool:
    """Return True if a user changed the record, or if it now waits for a thumbnail.

    The result of a thumbnail has another message.
    """
    waits = after.thumbnail_status is ThumbnailStatus.PENDING
    return after.changed_by is not None or (
        waits and before.thumbnail_status is not ThumbnailStatus.PENDING
    )


def _thumbnail_message(before: ObjectUpload | None, after: ObjectUpload) -> dict[str, Any] | None:
    is_final = after.thumbnail_status in (ThumbnailStatus.READY, ThumbnailStatus.FAILED)
    if not is_final or (before and before.thumbnail_status is after.thumbnail_status):
        return None
    return {
        "type": "ThumbnailNotification",
        "fileIdentifier": after.file_identifier,
        "bucket": after.bucket,
        "thumbnailIdentifier": after.thumbnail_identifier,
        "thumbnailStatus": str(after.thumbnail_status),
        "thumbnailFailure": after.thumbnail_failure,
        "thumbnailWarning": after.thumbnail_warning,
        "dateTimeDigitized": after.image_properties.date_time_digitized,
        "width": after.image_properties.width,
        "height": after.image_properties.height,
        "orientation": after.image_properties.orientation,
    }


def _orphan_message(after: ObjectUpload) -> dict[str, Any] | None:
    if after.deleted_by != ORPHAN_REMOVAL:
        return None
    return {"type": "OrphanRemovalNotification", **describe_orphan(after)}


def _export_message(export: Export, access_key: str | None) -> dict[str, Any] | None:
    """Return the message about a finished export, with the access key of its archive."""
    common = {
        "uuid": export.identifier,
        "username": export.created_by,
        "name": export.name or export.archive_name,
    }
    if export.status is ExportStatus.ERROR:
        return {"type": "ExportFailedNotification", **common, "failure": export.failure}
    if not export.has_archive:
        return None
    return {
        "type": "ObjectExportNotification",
        **common,
        "toa": access_key,
        "status": export.status.value,
        "problemCount": sum(map(len, export.problems.values())),
    }


def _operation(before: AuditedRecord | None, after: Metadata | Derivative) -> str:
    if after.deleted_on is not None:
        return "DELETE"
    return "ADD" if is_new(before, after) else "UPDATE"


def _document_message(type_: str, identifier: str, operation: str) -> dict[str, Any]:
    return {
        "type": "DocumentOperationNotification",
        "dryRun": False,
        "documentId": identifier,
        "documentType": type_,
        "operationType": operation,
    }

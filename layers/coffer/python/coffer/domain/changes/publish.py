"""The change stream: what the audit keeps and what the bus is told of one change (flow 4).

A record's `version` counts the changes that readers can see; a write that leaves it alone (a
claim, a plan) is nobody's business. The id of a message comes from the record and its version, so
a change that is delivered twice tells the same thing under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from coffer.domain.changes.ports import AuditTrail, EventBus
from coffer.domain.clock import to_text
from coffer.domain.derivatives.record import SYSTEM_GENERATED, Derivative
from coffer.domain.errors import UnavailableError
from coffer.domain.export.record import Export, ExportStatus
from coffer.domain.listing.attributes import (
    derivative_attributes,
    export_attributes,
    managed_attribute_attributes,
    metadata_attributes,
    object_subtype_attributes,
    upload_attributes,
    upload_warnings,
)
from coffer.domain.listing.counters import CounterChange, counter_changes
from coffer.domain.media_types import is_imageable
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.orphans import ORPHAN_REMOVAL, describe_orphan
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype

_NAMESPACE = UUID("5c7b8f0e-6f0a-5d1e-9b57-3f1c6a2d9e41")

_NO_NEWS = frozenset({"xmpMetadataDate"})
"""Changes with every change, so that no audit lists it (reference, 4.12)."""

Record = ObjectUpload | Metadata | Derivative | ManagedAttribute | ObjectSubtype | Export
_UNCOUNTED = (ManagedAttribute, ObjectSubtype, Export)


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One visible change: a snapshot for the audit, what it counts for, and messages."""

    snapshot: Mapping[str, Any]
    counts: tuple[CounterChange, ...]
    messages: tuple[Mapping[str, Any], ...]


def announce(
    before: Record | None, after: Record | None, occurred_on: datetime
) -> Announcement | None:
    """What to tell of a change; None where readers cannot see one.

    A removed item is not an event: its tombstone was one, and TTL only tidies up.
    """
    if after is None or after.version == 0:
        return None
    if before is not None and before.version == after.version:
        return None
    return Announcement(
        snapshot=_snapshot(before, after, occurred_on),
        counts=_counts(before, after),
        messages=tuple(
            _message(after, occurred_on, told) for told in _messages(before, after) if told
        ),
    )


def tell(audit: AuditTrail, bus: EventBus, announcement: Announcement) -> None:
    """Keep the snapshot, then publish the messages, whether or not the snapshot was new.

    Raises UnavailableError where the bus did not take every message: the change is told again,
    under the same ids.
    """
    audit.record(announcement.snapshot, announcement.counts)
    if not all(bus.publish(announcement.messages)):
        raise UnavailableError("bus_unavailable", "The bus did not take every message.")


def _counts(before: Record | None, after: Record) -> tuple[CounterChange, ...]:
    """What the lists' counters change by; terms of the vocabulary have none."""
    if isinstance(after, _UNCOUNTED) or isinstance(before, _UNCOUNTED):
        return ()
    return counter_changes(before, after)


def _snapshot(before: Record | None, after: Record, occurred_on: datetime) -> dict[str, Any]:
    state = _attributes(after)
    earlier = _attributes(before) if before is not None and before.version > 0 else {}
    return {
        "instanceId": after.instance_id,
        "version": after.version,
        "snapshotType": _snapshot_type(before, after),
        "author": _author(after),
        "commitDateTime": to_text(occurred_on),
        "changedProperties": sorted(
            name
            for name in state | earlier
            if state.get(name) != earlier.get(name) and name not in _NO_NEWS
        ),
        "state": state,
    }


def _attributes(record: Record) -> dict[str, Any]:
    match record:
        case ObjectUpload():
            return upload_attributes(record)
        case Metadata():
            return metadata_attributes(record)
        case Derivative():
            return derivative_attributes(record)
        case ManagedAttribute():
            return managed_attribute_attributes(record)
        case ObjectSubtype():
            return object_subtype_attributes(record)
        case Export():
            return export_attributes(record)


def _snapshot_type(before: Record | None, record: Record) -> str:
    if record.deleted_on is not None:
        return "TERMINAL"
    return "INITIAL" if _is_new(before, record) else "UPDATE"


def _is_new(before: Record | None, record: Record) -> bool:
    """Whether the record has just come, or come back from its tombstone."""
    revived = before is not None and before.deleted_on is not None
    return record.version == 1 or revived


def _author(record: Record) -> str:
    if record.deleted_by is not None:
        return record.deleted_by
    if record.changed_by is not None:
        return record.changed_by
    if isinstance(record, ManagedAttribute | ObjectSubtype):
        return record.created_by
    return record.created_by if record.version == 1 else SYSTEM_GENERATED


def _messages(before: Record | None, after: Record) -> tuple[dict[str, Any] | None, ...]:
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
            # Whoever indexes metadata shows its derivatives with it: it changed too.
            return (
                _document_message("derivative", after.identifier, _operation(before, after)),
                _document_message("metadata", after.ac_derived_from, "UPDATE"),
            )
        case ManagedAttribute() | ObjectSubtype():
            return ()  # kept in the audit; the reference tells nobody of them either
        case Export():
            return (_export_message(after),)


def _export_message(export: Export) -> dict[str, Any] | None:
    """What is told at the end of an export; with the key of its archive, if there is one."""
    told = {
        "uuid": export.identifier,
        "username": export.created_by,
        "name": export.name or export.archive_name,
    }
    if export.status is ExportStatus.ERROR:
        return {"type": "ExportFailedNotification", **told, "failure": export.failure}
    if not export.has_archive:
        return None
    problems = sum(map(len, export.problems.values()))
    return {
        "type": "ObjectExportNotification",
        **told,
        "toa": export.toa,
        "status": export.status.value,
        "problemCount": problems,
    }


def _upload_message(before: ObjectUpload | None, after: ObjectUpload) -> dict[str, Any] | None:
    if after.deleted_on is not None:
        operation = "deleted"
    elif before is not None and before.status is after.status:
        if not _is_worth_telling(before, after):
            return None
        operation = "updated"
    else:
        operation = "created" if after.status is UploadStatus.AVAILABLE else "rejected"
    return {
        "type": "ObjectUploadNotification",
        "operation": operation,
        "fileIdentifier": after.file_identifier,
        **upload_attributes(after),
        "imageable": after.thumbnail_status is ThumbnailStatus.PENDING
        and after.inspected_content is not None
        and is_imageable(after.inspected_content.detected_media_type),
        "warnings": upload_warnings(duplicate_found=after.duplicate_found),
    }


def _is_worth_telling(before: ObjectUpload, after: ObjectUpload) -> bool:
    """Whether somebody corrected the record, or a thumbnail is wanted of it by now.

    How a thumbnail turned out has a message of its own.
    """
    wanted = after.thumbnail_status is ThumbnailStatus.PENDING
    return after.changed_by is not None or (
        wanted and before.thumbnail_status is not ThumbnailStatus.PENDING
    )


def _thumbnail_message(before: ObjectUpload | None, after: ObjectUpload) -> dict[str, Any] | None:
    settled = after.thumbnail_status in (ThumbnailStatus.READY, ThumbnailStatus.FAILED)
    if not settled or (before and before.thumbnail_status is after.thumbnail_status):
        return None
    return {
        "type": "ThumbnailNotification",
        "fileIdentifier": after.file_identifier,
        "bucket": after.bucket,
        "thumbnailIdentifier": after.thumbnail_identifier,
        "thumbnailStatus": str(after.thumbnail_status),
        "thumbnailFailure": after.thumbnail_failure,
        "dateTimeDigitized": after.image_properties.date_time_digitized,
        "width": after.image_properties.width,
        "height": after.image_properties.height,
        "orientation": after.image_properties.orientation,
    }


def _orphan_message(after: ObjectUpload) -> dict[str, Any] | None:
    if after.deleted_by != ORPHAN_REMOVAL:
        return None
    return {"type": "OrphanRemovalNotification", **describe_orphan(after)}


def _operation(before: Record | None, record: Metadata | Derivative) -> str:
    if record.deleted_on is not None:
        return "DELETE"
    return "ADD" if _is_new(before, record) else "UPDATE"


def _document_message(kind: str, identifier: str, operation: str) -> dict[str, Any]:
    return {
        "type": "DocumentOperationNotification",
        "dryRun": False,
        "documentId": identifier,
        "documentType": kind,
        "operationType": operation,
    }


def _message(record: Record, occurred_on: datetime, told: dict[str, Any]) -> dict[str, Any]:
    subject = told.get("documentType", "")
    return {
        **told,
        "version": record.version,
        "id": message_id(record.instance_id, record.version, told["type"], subject),
        "occurredOn": to_text(occurred_on),
    }


def message_id(instance: str, version: int, kind: str, subject: str = "") -> str:
    """The id of a message about one change of a record, the same however often it is told.

    `kind` is its detail-type; `subject` tells the messages apart that one change has of that kind.
    """
    return str(uuid5(_NAMESPACE, f"{instance}/{version}/{kind}/{subject}"))

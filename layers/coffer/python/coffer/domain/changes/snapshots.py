"""Create audit snapshots of changed records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.changes.ports import Snapshot
from coffer.domain.clock import to_text
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.record import Derivative
from coffer.domain.export.fields import EXPORT_SNAPSHOT_FIELDS
from coffer.domain.export.record import Export
from coffer.domain.fields import RecordFields
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.record import ObjectUpload
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype

AuditedRecord = ObjectUpload | Metadata | Derivative | ManagedAttribute | ObjectSubtype | Export

_FIELDS: Mapping[type, RecordFields] = {
    ObjectUpload: OBJECT_UPLOAD_FIELDS,
    Metadata: METADATA_FIELDS,
    Derivative: DERIVATIVE_FIELDS,
    ManagedAttribute: MANAGED_ATTRIBUTE_FIELDS,
    ObjectSubtype: OBJECT_SUBTYPE_FIELDS,
    Export: EXPORT_SNAPSHOT_FIELDS,
}
MAX_SHORT_TEXT = 255
"""Characters of each text in a shortened snapshot. Keys of the audit's indexes take as many."""
_NEVER_LISTED = frozenset({"xmpMetadataDate", "lastUpdatedOn", "resourceVersion"})
"""Change with every change; `changedProperties` does not list them."""


def create_snapshot(
    before: AuditedRecord | None, after: AuditedRecord, occurred_on: datetime
) -> dict[str, Any]:
    """Return the snapshot of a record after a change."""
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
            if state.get(name) != earlier.get(name) and name not in _NEVER_LISTED
        ),
        "state": state,
        **_owner(after),
    }


def _owner(record: AuditedRecord) -> dict[str, str]:
    """Return the subject who alone may read the snapshots, if the record has one."""
    if isinstance(record, Export) and record.owner_subject is not None:
        return {"ownerSubject": record.owner_subject}
    return {}


def shorten_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot without lists, objects and the ends of long texts.

    The audit has it in place of a snapshot that it cannot store.
    """
    short = {name: _cut(value) for name, value in snapshot["state"].items()}
    return {
        **snapshot,
        "author": _cut(snapshot["author"]),
        "state": {name: value for name, value in short.items() if value is not None},
        "isShortened": True,
    }


def _cut(value: Any) -> Any:
    """Return a text cut to MAX_SHORT_TEXT characters, None for a list or an object."""
    if isinstance(value, str):
        return value[:MAX_SHORT_TEXT]
    return value if isinstance(value, bool | int | float) else None


def is_new(before: AuditedRecord | None, after: AuditedRecord) -> bool:
    """Return True if the change created the record, or created it again from its tombstone."""
    was_deleted = before is not None and before.deleted_on is not None
    return after.version == 1 or was_deleted


def _attributes(record: AuditedRecord) -> dict[str, Any]:
    return _FIELDS[type(record)].present(record)


def _snapshot_type(before: AuditedRecord | None, after: AuditedRecord) -> str:
    if after.deleted_on is not None:
        return "TERMINAL"
    return "INITIAL" if is_new(before, after) else "UPDATE"


def _author(record: AuditedRecord) -> str:
    if record.deleted_by is not None:
        return record.deleted_by
    if record.changed_by is not None:
        return record.changed_by
    if isinstance(record, ManagedAttribute | ObjectSubtype):
        return record.created_by
    return record.created_by if record.version == 1 else SYSTEM_GENERATED

"""The DynamoDB items of exports and of access keys."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from uuid import UUID

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from coffer.adapters.dynamodb.attributes import JsonAttribute, TimeAttribute
from coffer.adapters.dynamodb.connection import Table
from coffer.domain.export.record import AccessKey, DueAction, Export, ExportStatus
from coffer.domain.identifiers import shard_of
from coffer.settings import table_settings

_FIELDS = tuple(field.name for field in fields(Export))
_IDENTIFIER_BYTES = 16


class OwnerIndex(GlobalSecondaryIndex["ExportItem"]):
    """Exports by user, in the order of creation: identifiers begin with the time."""

    class Meta:
        index_name = "byCreator"
        projection = AllProjection()

    created_by = UnicodeAttribute(hash_key=True, attr_name="createdBy")
    identifier = UnicodeAttribute(range_key=True, attr_name="id")


class DueIndex(GlobalSecondaryIndex["ExportItem"]):
    """A sparse index of exports with a due action, by action and time."""

    class Meta:
        index_name = "byDue"
        projection = KeysOnlyProjection()

    due = UnicodeAttribute(hash_key=True)
    due_on = TimeAttribute(range_key=True, attr_name="dueOn")


class ExportItem(Table):
    """An export."""

    class Meta:
        table_name = table_settings.exports_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = TimeAttribute(attr_name="createdOn")
    name = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    entries = NumberAttribute()
    bytes_total = NumberAttribute(attr_name="bytesTotal")
    entries_done = NumberAttribute(attr_name="entriesDone")
    bytes_done = NumberAttribute(attr_name="bytesDone")
    # Identifiers take 16 bytes each, so that thousands of them fit an item of 400 KB.
    problems = JsonAttribute()
    failure = UnicodeAttribute(null=True)
    archive_bytes = NumberAttribute(null=True, attr_name="archiveBytes")
    finished_on = TimeAttribute(null=True, attr_name="finishedOn")
    available_until = TimeAttribute(null=True, attr_name="availableUntil")
    lease = NumberAttribute()
    attempts = NumberAttribute()
    owner_subject = UnicodeAttribute(null=True, attr_name="ownerSubject")
    due = UnicodeAttribute(null=True)
    due_on = TimeAttribute(null=True, attr_name="dueOn")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()
    revision = NumberAttribute()
    by_creator = OwnerIndex()
    by_due = DueIndex()

    @classmethod
    def of(cls, export: Export) -> ExportItem:
        """Return the item of a record."""
        values = {name: getattr(export, name) for name in _FIELDS}
        values["status"] = export.status.value
        values["problems"] = {code: _pack(files) for code, files in export.problems.items()}
        values["due"] = due_key(export.due, shard_of(export.identifier)) if export.due else None
        expires = export.expires_at
        values["expires_at"] = int(expires.timestamp()) if expires else None
        return cls(**values)

    def record(self) -> Export:
        """Return the record of the item."""
        values = {name: getattr(self, name) for name in _FIELDS}
        for name in ("entries", "bytes_total", "entries_done", "bytes_done", "lease", "attempts"):
            values[name] = int(values[name])
        values["archive_bytes"] = None if self.archive_bytes is None else int(self.archive_bytes)
        values["status"] = ExportStatus(self.status)
        values["problems"] = {code: _unpack(files) for code, files in self.problems.items()}
        values["due"] = DueAction(self.due.partition("#")[0]) if self.due else None
        expires = self.expires_at
        values["expires_at"] = datetime.fromtimestamp(int(expires), UTC) if expires else None
        values["version"], values["revision"] = int(self.version), int(self.revision)
        return Export(**values)


class AccessKeyItem(Table):
    """An access key; DynamoDB deletes it some time after it expired."""

    class Meta:
        table_name = table_settings.access_keys_table

    digest = UnicodeAttribute(hash_key=True, attr_name="accessKey")
    """SHA-256 of the key, in hexadecimal. The key itself is not stored."""
    export = UnicodeAttribute(attr_name="exportId")
    expires_at = NumberAttribute(attr_name="expiresAt")

    @classmethod
    def of(cls, access: AccessKey) -> AccessKeyItem:
        """Return the item of an access key."""
        return cls(
            digest=access.digest,
            export=access.export,
            expires_at=int(access.expires_on.timestamp()),
        )

    def access(self) -> AccessKey:
        """Return the access key of the item."""
        return AccessKey(
            digest=self.digest,
            export=self.export,
            expires_on=datetime.fromtimestamp(int(self.expires_at), UTC),
        )


def due_key(action: DueAction, shard: str) -> str:
    """Return the partition key of the due index for an action and a shard."""
    return f"{action.value}#{shard}"


def _pack(identifiers: Sequence[str]) -> str:
    return b64encode(b"".join(UUID(identifier).bytes for identifier in identifiers)).decode()


def _unpack(packed: str) -> Sequence[str]:
    joined = b64decode(packed)
    starts = range(0, len(joined), _IDENTIFIER_BYTES)
    return [str(UUID(bytes=joined[start : start + _IDENTIFIER_BYTES])) for start in starts]

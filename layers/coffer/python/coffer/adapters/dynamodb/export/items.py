"""The DynamoDB items of exports and of access keys."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from uuid import UUID

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from coffer.adapters.dynamodb.attributes import (
    ChoiceAttribute,
    EpochAttribute,
    IntegerAttribute,
    JsonAttribute,
    TimeAttribute,
    stored_record,
    stored_values,
)
from coffer.adapters.dynamodb.connection import Table
from coffer.domain.export.record import AccessKey, DueAction, Export, ExportStatus
from coffer.domain.identifiers import shard_of
from coffer.settings import table_settings

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
    status = ChoiceAttribute(ExportStatus)
    entries = IntegerAttribute()
    bytes_total = IntegerAttribute(attr_name="bytesTotal")
    entries_done = IntegerAttribute(attr_name="entriesDone")
    bytes_done = IntegerAttribute(attr_name="bytesDone")
    # Identifiers take 16 bytes each, so that thousands of them fit an item of 400 KB.
    problems = JsonAttribute()
    failure = UnicodeAttribute(null=True)
    archive_bytes = IntegerAttribute(null=True, attr_name="archiveBytes")
    finished_on = TimeAttribute(null=True, attr_name="finishedOn")
    available_until = TimeAttribute(null=True, attr_name="availableUntil")
    lease = IntegerAttribute()
    attempts = IntegerAttribute()
    owner_subject = UnicodeAttribute(null=True, attr_name="ownerSubject")
    due = UnicodeAttribute(null=True)
    due_on = TimeAttribute(null=True, attr_name="dueOn")
    expires_at = EpochAttribute(null=True, attr_name="expiresAt")
    version = IntegerAttribute()
    revision = IntegerAttribute()
    by_creator = OwnerIndex()
    by_due = DueIndex()

    @classmethod
    def of(cls, export: Export) -> ExportItem:
        """Return the item of a record."""
        values = stored_values(export)
        values["problems"] = {code: _pack(files) for code, files in export.problems.items()}
        values["due"] = due_key(export.due, shard_of(export.identifier)) if export.due else None
        return cls(**values)

    def record(self) -> Export:
        """Return the record of the item."""
        problems = {code: _unpack(files) for code, files in self.problems.items()}
        due = DueAction(self.due.partition("#")[0]) if self.due else None
        return stored_record(self, Export, problems=problems, due=due)


class AccessKeyItem(Table):
    """An access key; DynamoDB deletes it some time after it expired."""

    class Meta:
        table_name = table_settings.access_keys_table

    digest = UnicodeAttribute(hash_key=True, attr_name="accessKey")
    """SHA-256 of the key, in hexadecimal. The key itself is not stored."""
    export = UnicodeAttribute(attr_name="exportId")
    expires_on = EpochAttribute(attr_name="expiresAt")
    probes = IntegerAttribute(null=True)
    """How often parts of the archive were read."""

    @classmethod
    def of(cls, access: AccessKey) -> AccessKeyItem:
        """Return the item of an access key."""
        return cls(**stored_values(access))

    def access(self) -> AccessKey:
        """Return the access key of the item."""
        return stored_record(self, AccessKey)


def due_key(action: DueAction, shard: str) -> str:
    """Return the partition key of the due index for an action and a shard."""
    return f"{action.value}#{shard}"


def _pack(identifiers: Sequence[str]) -> str:
    return b64encode(b"".join(UUID(identifier).bytes for identifier in identifiers)).decode()


def _unpack(packed: str) -> Sequence[str]:
    joined = b64decode(packed)
    starts = range(0, len(joined), _IDENTIFIER_BYTES)
    return [str(UUID(bytes=joined[start : start + _IDENTIFIER_BYTES])) for start in starts]

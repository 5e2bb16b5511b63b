"""The DynamoDB items of sessions and of group grants. Both are in one table.

The parts of a large file would not fit an item of 400 KB as text, so they are compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import BINARY
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from coffer.adapters.dynamodb.attributes import (
    ChoiceAttribute,
    EpochAttribute,
    IntegerAttribute,
    TimeAttribute,
    stored_record,
    stored_values,
)
from coffer.adapters.dynamodb.connection import Table
from coffer.domain.identifiers import shard_of
from coffer.domain.sessions.record import GroupGrant, SessionStatus, StoredPart, UploadSession
from coffer.settings import table_settings

_GRANT_PREFIX = "grant/"
"""No identifier of a session begins so."""


class PartsAttribute(Attribute[Sequence[StoredPart]]):
    """The parts of a file, as compressed JSON."""

    attr_type = BINARY

    def serialize(self, value: Sequence[StoredPart]) -> Any:
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode())

    def deserialize(self, value: Any) -> Sequence[StoredPart]:
        return tuple(StoredPart(*part) for part in json.loads(zlib.decompress(value)))


class DueSessionIndex(GlobalSecondaryIndex["SessionItem"]):
    """A sparse index of sessions that housekeeping has to end, by time."""

    class Meta:
        index_name = "byDue"
        projection = KeysOnlyProjection()

    due = UnicodeAttribute(hash_key=True)
    due_on = TimeAttribute(range_key=True, attr_name="dueOn")


class SessionItem(Table):
    """A session."""

    class Meta:
        table_name = table_settings.upload_sessions_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    bucket = UnicodeAttribute()
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = TimeAttribute(attr_name="createdOn")
    grant = UnicodeAttribute()
    store_upload = UnicodeAttribute(attr_name="storeUpload")
    max_bytes = IntegerAttribute(attr_name="maxBytes")
    status = ChoiceAttribute(SessionStatus)
    owner_subject = UnicodeAttribute(null=True, attr_name="ownerSubject")
    size_in_bytes = IntegerAttribute(null=True, attr_name="sizeInBytes")
    part_bytes = IntegerAttribute(null=True, attr_name="partBytes")
    crc32 = UnicodeAttribute(null=True)
    parts = PartsAttribute(null=True)
    due = UnicodeAttribute(null=True)
    due_on = TimeAttribute(null=True, attr_name="dueOn")
    expires_at = EpochAttribute(attr_name="expiresAt")
    revision = IntegerAttribute()
    by_due = DueSessionIndex()

    @classmethod
    def of(cls, session: UploadSession) -> SessionItem:
        """Return the item of a session."""
        due = due_session_key(shard_of(session.identifier)) if session.due_on else None
        return cls(due=due, **stored_values(session))

    def record(self) -> UploadSession:
        """Return the session of the item."""
        return stored_record(self, UploadSession)


class GroupGrantItem(Table):
    """A group grant."""

    class Meta:
        table_name = table_settings.upload_sessions_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    digest = UnicodeAttribute()
    bucket = UnicodeAttribute()
    max_bytes = IntegerAttribute(attr_name="maxBytes")
    created_by = UnicodeAttribute(attr_name="createdBy")
    owner_subject = UnicodeAttribute(null=True, attr_name="ownerSubject")
    expires_at = EpochAttribute(attr_name="expiresAt")

    @classmethod
    def of(cls, grant: GroupGrant) -> GroupGrantItem:
        """Return the item of a grant."""
        return cls(**stored_values(grant) | {"identifier": grant_key(grant.identifier)})

    def record(self) -> GroupGrant:
        """Return the grant of the item."""
        return stored_record(
            self, GroupGrant, identifier=self.identifier.removeprefix(_GRANT_PREFIX)
        )


def due_session_key(shard: str) -> str:
    """Return the partition key of the due index for a shard."""
    return f"session#{shard}"


def grant_key(identifier: str) -> str:
    """Return the key of a grant's item."""
    return f"{_GRANT_PREFIX}{identifier}"

"""Audit snapshots in their table, and the AuditReader port on DynamoDB.

A small state is stored as text. A large one is compressed, so that the snapshot of every record
that fits into an item fits into an item too.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from coffer.adapters.dynamodb.attributes import JsonAttribute
from coffer.adapters.dynamodb.connection import Table, overload_is_unavailable
from coffer.domain.fields import compact_json
from coffer.settings import table_settings

MAX_TEXT_BYTES = 512
"""A state with more bytes of JSON is compressed, so that most snapshots take one write unit."""


class AuthorIndex(GlobalSecondaryIndex["SnapshotItem"]):
    """Snapshots by the author and time of the change."""

    class Meta:
        index_name = "byAuthor"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    commit_date_time = UnicodeAttribute(range_key=True, attr_name="commitDateTime")


class SnapshotItem(Table):
    """One version of a record."""

    class Meta:
        table_name = table_settings.audit_table

    instance_id = UnicodeAttribute(hash_key=True, attr_name="instanceId")
    version = NumberAttribute(range_key=True)
    snapshot_type = UnicodeAttribute(attr_name="snapshotType")
    author = UnicodeAttribute()
    commit_date_time = UnicodeAttribute(attr_name="commitDateTime")
    changed_properties = JsonAttribute(attr_name="changedProperties")
    state = JsonAttribute(null=True)
    compressed_state = BinaryAttribute(
        null=True, legacy_encoding=False, attr_name="compressedState"
    )
    """The JSON of `state` in zlib's format, in its place."""
    is_shortened = BooleanAttribute(null=True, attr_name="isShortened")
    """True if the complete snapshot could not be stored."""

    owner_subject = UnicodeAttribute(null=True, attr_name="ownerSubject")
    """The claim `sub` of the only user who may read the snapshot, for exports."""

    by_author = AuthorIndex()

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> SnapshotItem:
        """Return the item of a snapshot."""
        item = cls(**{member: snapshot[name] for member, name in _MEMBERS.items()})
        item.is_shortened = snapshot.get("isShortened")
        item.owner_subject = snapshot.get("ownerSubject")
        encoded = compact_json(snapshot["state"]).encode()
        if len(encoded) > MAX_TEXT_BYTES:
            item.compressed_state = zlib.compress(encoded)
        else:
            item.state = snapshot["state"]
        return item

    def snapshot(self) -> dict[str, Any]:
        """Return the snapshot of this item."""
        values = {name: getattr(self, member) for member, name in _MEMBERS.items()}
        values |= {"version": int(self.version), "state": self._state()}
        if self.is_shortened:
            values["isShortened"] = True
        if self.owner_subject is not None:
            values["ownerSubject"] = self.owner_subject
        return values

    def _state(self) -> Any:
        if self.compressed_state is None:
            return self.state
        return json.loads(zlib.decompress(self.compressed_state))


_MEMBERS = {
    "instance_id": "instanceId",
    "version": "version",
    "snapshot_type": "snapshotType",
    "author": "author",
    "commit_date_time": "commitDateTime",
    "changed_properties": "changedProperties",
}
"""The members of snapshots by the members of items, without the state."""


class DynamoAuditReader:
    """Reads the audit table."""

    def of_instance(
        self, instance_id: str, *, newest_first: bool = True
    ) -> Iterator[dict[str, Any]]:
        return _snapshots(
            SnapshotItem.query(
                instance_id, consistent_read=True, scan_index_forward=not newest_first
            )
        )

    def of_author(self, author: str, *, newest_first: bool = True) -> Iterator[dict[str, Any]]:
        return _snapshots(SnapshotItem.by_author.query(author, scan_index_forward=not newest_first))


def _snapshots(items: Iterable[SnapshotItem]) -> Iterator[dict[str, Any]]:
    with overload_is_unavailable():
        for item in items:
            yield item.snapshot()

"""Audit snapshots in their table, and the AuditReader port on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from coffer.adapters.dynamodb.connection import Table, overload_is_unavailable
from coffer.settings import table_settings


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
    changed_properties = JSONAttribute(attr_name="changedProperties")
    state = JSONAttribute()

    by_author = AuthorIndex()

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> SnapshotItem:
        """Return the item of a snapshot."""
        return cls(**{member: snapshot[name] for member, name in _MEMBERS.items()})

    def snapshot(self) -> dict[str, Any]:
        """Return the snapshot of this item."""
        values = {name: getattr(self, member) for member, name in _MEMBERS.items()}
        return values | {"version": int(self.version)}


_MEMBERS = {
    "instance_id": "instanceId",
    "version": "version",
    "snapshot_type": "snapshotType",
    "author": "author",
    "commit_date_time": "commitDateTime",
    "changed_properties": "changedProperties",
    "state": "state",
}
"""The members of snapshots by the members of items."""


class DynamoAuditReader:
    """Reads the audit table."""

    def of_instance(self, instance_id: str) -> Iterator[dict[str, Any]]:
        return _snapshots(
            SnapshotItem.query(instance_id, consistent_read=True, scan_index_forward=False)
        )

    def of_author(self, author: str) -> Iterator[dict[str, Any]]:
        return _snapshots(SnapshotItem.by_author.query(author, scan_index_forward=False))


def _snapshots(items: Iterable[SnapshotItem]) -> Iterator[dict[str, Any]]:
    with overload_is_unavailable():
        for item in items:
            yield item.snapshot()

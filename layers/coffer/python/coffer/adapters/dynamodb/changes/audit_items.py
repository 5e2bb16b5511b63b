"""The items of the audit table, which are snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
)

from coffer.adapters.dynamodb.connection import Table
from coffer.settings import table_settings


class AuthorIndex(GlobalSecondaryIndex["SnapshotItem"]):
    """Snapshots by who made the change, and when."""

    class Meta:
        index_name = "byAuthor"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    commit_date_time = UnicodeAttribute(range_key=True, attr_name="commitDateTime")


class SnapshotItem(Table):
    """One version of a record in the audit table; its `state` as JSON text."""

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
        """The item of a snapshot, whose members are called as the attributes are."""
        return cls(
            instance_id=snapshot["instanceId"],
            version=snapshot["version"],
            snapshot_type=snapshot["snapshotType"],
            author=snapshot["author"],
            commit_date_time=snapshot["commitDateTime"],
            changed_properties=snapshot["changedProperties"],
            state=snapshot["state"],
        )

"""The AuditReader port on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from coffer.adapters.dynamodb.changes.audit_items import SnapshotItem
from coffer.adapters.dynamodb.connection import overload_is_unavailable


class DynamoHistory:
    """The snapshots in the audit table."""

    def of_instance(self, instance_id: str) -> Iterator[dict[str, Any]]:
        return _snapshots(
            SnapshotItem.query(instance_id, consistent_read=True, scan_index_forward=False)
        )

    def of_author(self, author: str) -> Iterator[dict[str, Any]]:
        return _snapshots(SnapshotItem.by_author.query(author, scan_index_forward=False))


def _snapshots(items: Iterable[SnapshotItem]) -> Iterator[dict[str, Any]]:
    with overload_is_unavailable():
        for item in items:
            yield {
                "instanceId": item.instance_id,
                "version": int(item.version),
                "snapshotType": item.snapshot_type,
                "author": item.author,
                "commitDateTime": item.commit_date_time,
                "changedProperties": item.changed_properties,
                "state": item.state,
            }

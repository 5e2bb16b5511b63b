"""The AuditTrail port on DynamoDB: a snapshot for every version, written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.exceptions import PutError

from coffer.adapters.dynamodb.connection import (
    CONDITION_FAILED,
    code_of,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.items import SnapshotItem


class DynamoAuditTrail:
    """The audit table."""

    def record(self, snapshot: Mapping[str, Any]) -> None:
        item = SnapshotItem(
            instance_id=snapshot["instanceId"],
            version=snapshot["version"],
            snapshot_type=snapshot["snapshotType"],
            author=snapshot["author"],
            commit_date_time=snapshot["commitDateTime"],
            changed_properties=snapshot["changedProperties"],
            state=snapshot["state"],
        )
        with overload_is_unavailable():
            try:
                item.save(condition=SnapshotItem.instance_id.does_not_exist())
            except PutError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise

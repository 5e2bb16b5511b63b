"""The Exports and AccessKeys ports on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pynamodb.expressions.condition import Condition

from coffer.adapters.dynamodb.connection import conditional_write, overload_is_unavailable
from coffer.adapters.dynamodb.export.items import (
    AccessKeyItem,
    DueIndex,
    ExportItem,
    OwnerIndex,
    due_key,
)
from coffer.adapters.dynamodb.reading import read_item
from coffer.domain.callers import Caller
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.export.record import AccessKey, DueAction, Export
from coffer.domain.identifiers import SHARDS


class DynamoExports:
    """The records of exports in DynamoDB."""

    def get(self, identifier: str) -> Export | None:
        item = read_item(ExportItem, identifier)
        return item.record() if item is not None else None

    def add(self, export: Export) -> Export:
        added = replace(export, revision=1)
        with conditional_write(RecordExistsError(export.identifier)):
            ExportItem.of(added).save(condition=ExportItem.identifier.does_not_exist())
        return added

    def replace(self, before: Export, after: Export) -> Export:
        written = replace(after, revision=before.revision + 1)
        with conditional_write(RecordChangedError(before.identifier)):
            ExportItem.of(written).save(condition=ExportItem.revision == before.revision)
        return written

    def of(self, caller: Caller, limit: int, before: str | None) -> Sequence[Export]:
        earlier = OwnerIndex.identifier < before if before is not None else None
        with overload_is_unavailable():
            items = ExportItem.by_creator.query(
                caller.username,
                range_key_condition=earlier,
                filter_condition=_is_owned(caller),
                scan_index_forward=False,
                limit=limit,
            )
            return [item.record() for item in items]

    def count_of(self, caller: Caller) -> int:
        with overload_is_unavailable():
            return ExportItem.by_creator.count(caller.username, filter_condition=_is_owned(caller))

    def due(self, action: DueAction, now: datetime) -> Iterator[str]:
        with overload_is_unavailable():
            for shard in SHARDS:
                key = due_key(action, shard)
                for item in ExportItem.by_due.query(key, DueIndex.due_on < now):
                    yield item.identifier


def _is_owned(caller: Caller) -> Condition | None:
    """Return the condition that no other subject owns an export; None without a subject."""
    if caller.subject is None:
        return None
    subject = ExportItem.owner_subject
    is_owned: Condition = subject.does_not_exist() | (subject == caller.subject)
    return is_owned


class DynamoAccessKeys:
    """The access keys of archives in DynamoDB."""

    def add(self, access: AccessKey) -> None:
        with overload_is_unavailable():
            AccessKeyItem.of(access).save()

    def redeem(self, digest: str, now: datetime) -> bool:
        try:
            # Only one of several parallel requests deletes the key.
            with conditional_write(RecordChangedError(digest)):
                AccessKeyItem(digest).delete(
                    condition=AccessKeyItem.digest.exists() & (AccessKeyItem.expires_on > now)
                )
        except RecordChangedError:
            return False
        return True

    def probe(self, digest: str, now: datetime, limit: int) -> bool:
        probes, is_valid = AccessKeyItem.probes, AccessKeyItem.expires_on > now
        try:
            # An item that another request has deleted does not meet the condition.
            with conditional_write(RecordChangedError(digest)):
                AccessKeyItem(digest).update(
                    [probes.add(1)],
                    condition=is_valid & (probes.does_not_exist() | (probes < limit)),
                )
        except RecordChangedError:
            return False
        return True

    def look(self, digest: str, now: datetime) -> AccessKey | None:
        item = read_item(AccessKeyItem, digest)
        access = item.access() if item is not None else None
        return access if access is not None and access.expires_on > now else None

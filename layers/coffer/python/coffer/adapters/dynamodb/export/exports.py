"""The Exports and AccessKeys ports on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import (
    CONDITION_FAILED,
    DYNAMODB,
    code_of,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.export.items import (
    AccessKeyItem,
    DueIndex,
    ExportItem,
    OwnerIndex,
    due_key,
)
from coffer.domain.errors import RecordChangedError, RecordExistsError, UnavailableError
from coffer.domain.export.record import AccessKey, DueAction, Export
from coffer.domain.identifiers import SHARDS

_CONDITION_FAILED = "ConditionalCheckFailed"


class DynamoExports:
    """The records of exports in their table."""

    def get(self, identifier: str) -> Export | None:
        with overload_is_unavailable():
            try:
                return ExportItem.get(identifier, consistent_read=True).record()
            except DoesNotExist:
                return None

    def add(self, export: Export) -> Export:
        added = replace(export, revision=1)
        with overload_is_unavailable():
            try:
                ExportItem.of(added).save(condition=ExportItem.identifier.does_not_exist())
            except PutError as error:
                if code_of(error) == CONDITION_FAILED:
                    raise RecordExistsError(export.identifier) from error
                raise
        return added

    def replace(self, before: Export, after: Export, access: AccessKey | None = None) -> Export:
        written = replace(after, revision=before.revision + 1)
        if access is not None:
            self._replace_with_key(before, written, access)
            return written
        with overload_is_unavailable():
            try:
                ExportItem.of(written).save(condition=ExportItem.revision == before.revision)
            except PutError as error:
                if code_of(error) == CONDITION_FAILED:
                    raise RecordChangedError(before.identifier) from error
                raise
        return written

    def of(self, username: str, limit: int, before: str | None) -> Sequence[Export]:
        earlier = OwnerIndex.identifier < before if before is not None else None
        with overload_is_unavailable():
            items = ExportItem.by_creator.query(
                username, range_key_condition=earlier, scan_index_forward=False, limit=limit
            )
            return [item.record() for item in items]

    def count_of(self, username: str) -> int:
        with overload_is_unavailable():
            return ExportItem.by_creator.count(username)

    def due(self, reason: DueAction, now: datetime) -> Iterator[str]:
        with overload_is_unavailable():
            for shard in SHARDS:
                key = due_key(reason, shard)
                for item in ExportItem.by_due.query(key, DueIndex.due_on < now):
                    yield item.identifier

    def _replace_with_key(self, before: Export, written: Export, access: AccessKey) -> None:
        try:
            # The token makes a repeated request, whose first answer was lost, succeed too.
            with (
                overload_is_unavailable(),
                TransactWrite(connection=DYNAMODB, client_request_token=access.key[:36]) as write,
            ):
                write.save(ExportItem.of(written), condition=ExportItem.revision == before.revision)
                write.save(AccessKeyItem.of(access), condition=AccessKeyItem.key.does_not_exist())
        except TransactWriteError as error:
            codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
            if not codes:
                raise
            if codes <= {_CONDITION_FAILED}:
                raise RecordChangedError(before.identifier) from error
            raise UnavailableError(
                "records_busy", "The record is being written by somebody else. Try again."
            ) from error


class DynamoAccessKeys:
    """The keys to archives in their table."""

    def redeem(self, key: str, now: datetime) -> AccessKey | None:
        access = self.look(key, now)
        if access is None:
            return None
        with overload_is_unavailable():
            try:
                # Of all who see the key here, one deletes it.
                AccessKeyItem(key).delete(
                    condition=AccessKeyItem.key.exists()
                    & (AccessKeyItem.expires_at > int(now.timestamp()))
                )
            except DeleteError as error:
                if code_of(error) == CONDITION_FAILED:
                    return None
                raise
        return access

    def look(self, key: str, now: datetime) -> AccessKey | None:
        with overload_is_unavailable():
            try:
                access = AccessKeyItem.get(key, consistent_read=True).access()
            except DoesNotExist:
                return None
        return access if access.expires_on > now else None

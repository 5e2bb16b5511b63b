"""Read items and records by their keys, with strong consistency.

DynamoDB deletes an expired item some days after its time (AWS, "Time to Live"). Until then, these
functions ignore its record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.domain.clock import Clock


class StoredRecord(Protocol):
    """A record that may expire."""

    @property
    def identifier(self) -> str:
        """The record's id."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """The time from which on the record does not exist; None if it stays."""
        ...


Item = TypeVar("Item", bound=Model)
RecordT = TypeVar("RecordT", bound=StoredRecord, covariant=True)


class RecordItem(Protocol[RecordT]):
    """A model whose items hold records."""

    @classmethod
    def get(cls, hash_key: Any, *, consistent_read: bool) -> RecordItem[RecordT]:
        """Return the item with this key; raise DoesNotExist if it does not exist."""
        ...

    @classmethod
    def batch_get(
        cls, items: Iterable[Any], consistent_read: bool | None = None
    ) -> Iterable[RecordItem[RecordT]]:
        """Return the items with these keys that exist."""
        ...

    def record(self) -> RecordT:
        """Return the record of the item."""
        ...


def read_item(item_type: type[Item], hash_key: str, range_key: str | None = None) -> Item | None:
    """Return the item with this key; None if it does not exist."""
    with overload_is_unavailable():
        try:
            return item_type.get(hash_key, range_key, consistent_read=True)
        except DoesNotExist:
            return None


def read_record(
    item_type: type[RecordItem[RecordT]], identifier: str, clock: Clock
) -> RecordT | None:
    """Return the record with this id; None if it does not exist."""
    with overload_is_unavailable():
        try:
            record = item_type.get(identifier, consistent_read=True).record()
        except DoesNotExist:
            return None
    return None if _is_expired(record, clock) else record


def read_records(
    item_type: type[RecordItem[RecordT]], identifiers: Collection[str], clock: Clock
) -> dict[str, RecordT]:
    """Return the records with these ids that exist, by id. One BatchGetItem reads a hundred."""
    with overload_is_unavailable():
        items = item_type.batch_get(dict.fromkeys(identifiers), consistent_read=True)
        records = [item.record() for item in items]
    return {record.identifier: record for record in records if not _is_expired(record, clock)}


def _is_expired(record: StoredRecord, clock: Clock) -> bool:
    return record.expires_at is not None and record.expires_at <= clock.now()

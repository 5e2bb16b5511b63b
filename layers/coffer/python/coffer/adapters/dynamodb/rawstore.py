"""The UsageRecords port on DynamoDB: what each key takes up, and its owner's totals with it."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import (
    CANCELLED_BY_CONDITION,
    CANCELLED_BY_CONFLICT,
    DYNAMODB,
    Table,
    cancellations,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.reading import read_item
from coffer.adapters.rawstore.usage_totals import OWNER_PREFIX
from coffer.domain.errors import RecordChangedError, UnavailableError
from coffer.domain.rawstore.usage import Usage, moved
from coffer.settings import table_settings

OBJECT_PREFIX = "object/"
"""Keys of the items that hold what one object takes up begin like this."""

_LOST = frozenset({CANCELLED_BY_CONDITION, CANCELLED_BY_CONFLICT})
"""Why a transaction is rolled back when somebody else writes the same items."""
_PRIVATE, _PUBLIC = "private", "public"


class _Table:
    table_name = table_settings.usage_table


class ObjectUsageItem(Table):
    """What one object takes up; of a deleted one, a trace that expires."""

    class Meta(_Table):
        pass

    usage_id = UnicodeAttribute(hash_key=True, attr_name="usageId")
    sequencer = UnicodeAttribute()
    owner = UnicodeAttribute(null=True)
    visibility = UnicodeAttribute()
    size_in_bytes = NumberAttribute(attr_name="sizeInBytes")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")

    @classmethod
    def of(cls, usage: Usage) -> ObjectUsageItem:
        """The item that stands for an entry."""
        return cls(
            usage_id=f"{OBJECT_PREFIX}{usage.key}",
            sequencer=usage.sequencer,
            owner=usage.owner,
            visibility=_PRIVATE if usage.is_private else _PUBLIC,
            size_in_bytes=usage.size_bytes,
            expires_at=int(usage.expires_at.timestamp()) if usage.expires_at else None,
        )

    def usage(self) -> Usage:
        """The entry that the item stands for."""
        return Usage(
            key=self.usage_id.removeprefix(OBJECT_PREFIX),
            sequencer=self.sequencer,
            owner=self.owner,
            is_private=self.visibility == _PRIVATE,
            size_bytes=int(self.size_in_bytes),
            expires_at=(datetime.fromtimestamp(self.expires_at, UTC) if self.expires_at else None),
        )


class OwnerUsageItem(Table):
    """An owner's totals, as `coffer.adapters.rawstore.usage_totals` reads them."""

    class Meta(_Table):
        pass

    usage_id = UnicodeAttribute(hash_key=True, attr_name="usageId")
    public_bytes = NumberAttribute(attr_name="publicBytes")
    private_bytes = NumberAttribute(attr_name="privateBytes")


class DynamoUsageRecords:
    """The entries and totals in their table."""

    def get(self, key: str) -> Usage | None:
        item = read_item(ObjectUsageItem, f"{OBJECT_PREFIX}{key}")
        return item.usage() if item is not None else None

    def replace(self, before: Usage | None, after: Usage) -> None:
        unchanged = (
            ObjectUsageItem.usage_id.does_not_exist()
            if before is None
            else ObjectUsageItem.sequencer == before.sequencer
        )
        try:
            with overload_is_unavailable(), TransactWrite(connection=DYNAMODB) as write:
                write.save(ObjectUsageItem.of(after), condition=unchanged)
                for owner, change in moved(before, after).items():
                    write.update(
                        OwnerUsageItem(f"{OWNER_PREFIX}{owner}"),
                        actions=[
                            OwnerUsageItem.public_bytes.add(change.public_bytes),
                            OwnerUsageItem.private_bytes.add(change.private_bytes),
                        ],
                    )
        except TransactWriteError as error:
            raise _reason(error, after.key) from error


def _reason(error: TransactWriteError, key: str) -> Exception:
    """Why a transaction was rolled back: the entry or a total was written by somebody else."""
    codes = set(cancellations(error).values())
    if codes <= _LOST:
        return RecordChangedError(key) if codes else error
    return UnavailableError(
        "records_busy", "The record is being written by somebody else. Try again."
    )

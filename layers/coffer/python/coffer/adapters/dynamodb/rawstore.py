"""The UsageRecords port on DynamoDB: the usage of objects, and the totals of owners."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.attributes import EpochAttribute, IntegerAttribute, stored_record
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
from coffer.domain.rawstore.usage import Usage, total_changes
from coffer.settings import table_settings

OBJECT_PREFIX = "object/"
"""The prefix of the keys of items with the usage of one object."""

_CONFLICTS = frozenset({CANCELLED_BY_CONDITION, CANCELLED_BY_CONFLICT})
"""The reasons for which a transaction is cancelled if another one writes the same items."""
_PRIVATE, _PUBLIC = "private", "public"


class _Table:
    table_name = table_settings.usage_table


class ObjectUsageItem(Table):
    """The usage of one object; for a deleted object, a tombstone that expires."""

    class Meta(_Table):
        pass

    usage_id = UnicodeAttribute(hash_key=True, attr_name="usageId")
    sequencer = UnicodeAttribute()
    owner = UnicodeAttribute(null=True)
    visibility = UnicodeAttribute()
    size_bytes = IntegerAttribute(attr_name="sizeInBytes")
    expires_at = EpochAttribute(null=True, attr_name="expiresAt")

    @classmethod
    def of(cls, usage: Usage) -> ObjectUsageItem:
        """Return the item of a usage."""
        return cls(
            usage_id=f"{OBJECT_PREFIX}{usage.key}",
            sequencer=usage.sequencer,
            owner=usage.owner,
            visibility=_PRIVATE if usage.is_private else _PUBLIC,
            size_bytes=usage.size_bytes,
            expires_at=usage.expires_at,
        )

    def usage(self) -> Usage:
        """Return the usage of the item."""
        key = self.usage_id.removeprefix(OBJECT_PREFIX)
        return stored_record(self, Usage, key=key, is_private=self.visibility == _PRIVATE)


class OwnerUsageItem(Table):
    """The totals of an owner, which `coffer.adapters.rawstore.usage_totals` reads."""

    class Meta(_Table):
        pass

    usage_id = UnicodeAttribute(hash_key=True, attr_name="usageId")
    public_bytes = NumberAttribute(attr_name="publicBytes")
    private_bytes = NumberAttribute(attr_name="privateBytes")


class DynamoUsageRecords:
    """The usage of objects and the totals of owners in their table."""

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
                for owner, change in total_changes(before, after).items():
                    write.update(
                        OwnerUsageItem(f"{OWNER_PREFIX}{owner}"),
                        actions=[
                            OwnerUsageItem.public_bytes.add(change.public_bytes),
                            OwnerUsageItem.private_bytes.add(change.private_bytes),
                        ],
                    )
        except TransactWriteError as error:
            raise _cancellation(error, after.key) from error


def _cancellation(error: TransactWriteError, key: str) -> Exception:
    """Return the error for a cancelled transaction: another request wrote the same items."""
    codes = set(cancellations(error).values())
    if codes <= _CONFLICTS:
        return RecordChangedError(key) if codes else error
    return UnavailableError(
        "records_busy", "Another request is writing the same record. Try again."
    )

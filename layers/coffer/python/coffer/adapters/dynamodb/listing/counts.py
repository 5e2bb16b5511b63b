"""How many records lists show, by kind and bucket: kept by `DynamoAuditTrail`, read by lists."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from coffer.adapters.dynamodb.connection import Table, overload_is_unavailable
from coffer.domain.listing.index_keys import Kind
from coffer.settings import table_settings


class CountItem(Table):
    """The numbers of one kind of records in one bucket."""

    class Meta:
        table_name = table_settings.counts_table

    kind = UnicodeAttribute(hash_key=True)
    bucket_key = UnicodeAttribute(range_key=True, attr_name="bucketKey")
    records = NumberAttribute()
    public_records = NumberAttribute(attr_name="publicRecords")


class DynamoCounts:
    """The counters in their table."""

    def total(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        """How many records these buckets have together, or all; what went below 0 counts as 0."""
        with overload_is_unavailable():
            items = (
                CountItem.query(kind.value)
                if bucket_keys is None
                else CountItem.batch_get([(kind.value, key) for key in bucket_keys])
            )
            numbers = [item.public_records if only_public else item.records for item in items]
        return sum(int(number) for number in numbers if number > 0)

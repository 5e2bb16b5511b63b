"""How many records lists show, by kind and bucket: kept by `DynamoAuditTrail`, read by lists."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from coffer.adapters.dynamodb import connection
from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.domain.listing.places import Kind
from coffer.settings import settings


class CountItem(Model):
    """The numbers of one kind of records in one bucket."""

    class Meta:
        table_name = settings.counts_table
        region = connection.REGION
        connect_timeout_seconds = connection.CONNECT_TIMEOUT_SECONDS
        read_timeout_seconds = connection.READ_TIMEOUT_SECONDS
        max_retry_attempts = connection.ATTEMPTS

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

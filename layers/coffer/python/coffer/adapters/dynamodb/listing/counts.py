"""The counters of the records in lists, by type and bucket, in their table.

`DynamoAuditTrail` writes them together with the audit snapshots; lists read them.
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from coffer.adapters.dynamodb.connection import Table
from coffer.settings import table_settings


class CountItem(Table):
    """The numbers of records of one type in one bucket."""

    class Meta:
        table_name = table_settings.counts_table

    kind = UnicodeAttribute(hash_key=True)
    bucket_key = UnicodeAttribute(range_key=True, attr_name="bucketKey")
    records = NumberAttribute()
    public_records = NumberAttribute(attr_name="publicRecords")

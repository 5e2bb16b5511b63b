"""Read metadata by bucket and name from the DynamoDB list indexes (the NamedRecords port)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.domain.listing.index_keys import name_prefix
from coffer.domain.metadata.find_by_name import NamedRecord

_ATTRIBUTES = ["id", "originalFilename", "createdOn"]


class DynamoNamedRecords:
    """Finds metadata records by name."""

    def with_name(self, bucket_key: str, name: str, limit: int) -> Sequence[NamedRecord]:
        index = MetadataItem.by_bucket_named
        sort_key = type(index).sort_key
        with overload_is_unavailable():
            # The index ignores case, and has only the beginning of a very long name.
            results = index.query(
                bucket_key,
                range_key_condition=sort_key.startswith(name_prefix(name)),
                filter_condition=MetadataItem.original_filename == name,
                limit=limit,
                attributes_to_get=_ATTRIBUTES,
            )
            items = list(results)
        return _records(items)

    def with_identifiers(
        self, bucket_key: str, identifiers: Sequence[str]
    ) -> Sequence[NamedRecord]:
        with overload_is_unavailable():
            items = list(MetadataItem.batch_get(identifiers, consistent_read=True))
        return _records(
            item for item in items if item.bucket_key == bucket_key and item.deleted_on is None
        )

    def in_bucket(self, bucket_key: str, limit: int) -> Sequence[NamedRecord]:
        with overload_is_unavailable():
            results = MetadataItem.by_bucket_created.query(
                bucket_key, limit=limit, attributes_to_get=_ATTRIBUTES
            )
            items = list(results)
        return _records(items)


def _records(items: Iterable[MetadataItem]) -> list[NamedRecord]:
    return [
        NamedRecord(
            identifier=item.identifier, name=item.original_filename, created_on=item.created_on
        )
        for item in items
    ]

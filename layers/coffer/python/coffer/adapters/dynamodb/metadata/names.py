"""The Names port on DynamoDB: the indexes by bucket that lists are read from, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.domain.listing.index_keys import name_prefix
from coffer.domain.metadata.find_by_name import NamedRecord

_SHOWN = ["id", "originalFilename", "createdOn"]


class DynamoNames:
    """The names of metadata in its table."""

    def named(self, bucket_key: str, name: str, limit: int) -> Sequence[NamedRecord]:
        index = MetadataItem.by_bucket_named
        position = type(index).position
        with overload_is_unavailable():
            # The index knows no case, and only the beginning of a very long name.
            found = index.query(
                bucket_key,
                range_key_condition=position.startswith(name_prefix(name)),
                filter_condition=MetadataItem.original_filename == name,
                limit=limit,
                attributes_to_get=_SHOWN,
            )
            return _records(found)

    def all_in(self, bucket_key: str, limit: int) -> Sequence[NamedRecord]:
        with overload_is_unavailable():
            found = MetadataItem.by_bucket_created.query(
                bucket_key, limit=limit, attributes_to_get=_SHOWN
            )
            return _records(found)


def _records(items: Iterable[MetadataItem]) -> list[NamedRecord]:
    return [
        NamedRecord(
            identifier=item.identifier, name=item.original_filename, created_on=item.created_on
        )
        for item in items
    ]

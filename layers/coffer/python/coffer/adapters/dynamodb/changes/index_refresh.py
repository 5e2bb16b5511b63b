"""The MetadataVersions port of index refreshes on DynamoDB, from the index by shard."""

from __future__ import annotations

from collections.abc import Sequence

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.domain.changes.index_refresh import RecordVersion


class DynamoMetadataVersions:
    """Reads the metadata table in the order of creation."""

    def page(self, partition: str, after: str | None, limit: int) -> Sequence[RecordVersion]:
        index = MetadataItem.by_shard_created
        sort_key = type(index).sort_key
        with overload_is_unavailable():
            items = index.query(
                partition,
                range_key_condition=sort_key > after if after is not None else None,
                limit=limit,
                attributes_to_get=["id", "version", sort_key.attr_name],
            )
            return [
                RecordVersion(
                    identifier=item.identifier,
                    version=int(item.version),
                    sort_key=str(item.created_position),
                )
                for item in items
            ]

"""The keys of the indexes that lists are read from."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    UnicodeAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
)

from coffer.domain.listing.index_keys import Record, SortOrder, index_keys_of


class ListIndex(GlobalSecondaryIndex[Any]):
    """An index that lists are read from; what no list shows lacks its keys, and is not in it."""

    partition: UnicodeAttribute
    position: UnicodeAttribute


def _list_index(name: str, partition_name: str, position_name: str) -> ListIndex:
    class Index(ListIndex):
        class Meta:
            index_name = name
            projection = AllProjection()

        partition = UnicodeAttribute(hash_key=True, attr_name=partition_name)
        position = UnicodeAttribute(range_key=True, attr_name=position_name)

    return Index()


class Listed:
    """The keys of the list indexes, which an item has while lists show it."""

    listed_in = UnicodeAttribute(null=True, attr_name="listedIn")
    listed_as = UnicodeAttribute(null=True, attr_name="listedAs")
    created_position = UnicodeAttribute(null=True, attr_name="createdPosition")

    by_bucket_created = _list_index("byBucketCreated", "listedIn", "createdPosition")
    by_shard_created = _list_index("byShardCreated", "listedAs", "createdPosition")

    @classmethod
    def off_the_lists(cls) -> list[Action]:
        """What an update does to an item that no list shows any more; `of` does it by itself."""
        return [cls.listed_in.remove(), cls.listed_as.remove()]


class ListedByName(Listed):
    named_position = UnicodeAttribute(null=True, attr_name="namedPosition")

    by_bucket_named = _list_index("byBucketNamed", "listedIn", "namedPosition")
    by_shard_named = _list_index("byShardNamed", "listedAs", "namedPosition")


class ListedByChange(ListedByName):
    changed_position = UnicodeAttribute(null=True, attr_name="changedPosition")

    by_bucket_changed = _list_index("byBucketChanged", "listedIn", "changedPosition")
    by_shard_changed = _list_index("byShardChanged", "listedAs", "changedPosition")


POSITIONS = {
    SortOrder.CREATED: "created_position",
    SortOrder.CHANGED: "changed_position",
    SortOrder.NAMED: "named_position",
}
"""The attributes with the positions in each order."""


def list_keys(record: Record) -> dict[str, Any]:
    """The keys of the list indexes, by the names of the items' attributes."""
    place = index_keys_of(record)
    if place is None:
        return {}
    positions = {POSITIONS[order]: position for order, position in place.positions.items()}
    return {"listed_in": place.bucket_key, "listed_as": place.shard, **positions}

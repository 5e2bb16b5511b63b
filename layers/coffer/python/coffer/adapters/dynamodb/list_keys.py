"""The index attributes of items that lists show, and the list indexes themselves."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from coffer.domain.listing.index_keys import ListedRecord, SortOrder, index_keys_of


class ListIndex(GlobalSecondaryIndex[Any]):
    """A list index. An item that no list shows has none of its keys, and is not in it."""

    partition_key: UnicodeAttribute
    sort_key: UnicodeAttribute


def _list_index(name: str, partition_name: str, sort_name: str) -> ListIndex:
    class Index(ListIndex):
        class Meta:
            index_name = name
            projection = AllProjection()

        partition_key = UnicodeAttribute(hash_key=True, attr_name=partition_name)
        sort_key = UnicodeAttribute(range_key=True, attr_name=sort_name)

    return Index()


class Listed:
    """Index attributes that an item has while lists show it."""

    listed_in = UnicodeAttribute(null=True, attr_name="listedIn")
    listed_as = UnicodeAttribute(null=True, attr_name="listedAs")
    created_position = UnicodeAttribute(null=True, attr_name="createdPosition")

    by_bucket_created = _list_index("byBucketCreated", "listedIn", "createdPosition")
    by_shard_created = _list_index("byShardCreated", "listedAs", "createdPosition")

    @classmethod
    def removal_from_lists(cls) -> list[Action]:
        """Return the update actions that remove an item from all lists."""
        return [cls.listed_in.remove(), cls.listed_as.remove()]


class ListedByName(Listed):
    """Index attributes of an item that lists can also sort by name."""

    named_position = UnicodeAttribute(null=True, attr_name="namedPosition")

    by_bucket_named = _list_index("byBucketNamed", "listedIn", "namedPosition")
    by_shard_named = _list_index("byShardNamed", "listedAs", "namedPosition")


class ListedByChange(ListedByName):
    """Index attributes of an item that lists can also sort by name and by last change."""

    changed_position = UnicodeAttribute(null=True, attr_name="changedPosition")

    by_bucket_changed = _list_index("byBucketChanged", "listedIn", "changedPosition")
    by_shard_changed = _list_index("byShardChanged", "listedAs", "changedPosition")


SORT_KEYS = {
    SortOrder.CREATED: "created_position",
    SortOrder.CHANGED: "changed_position",
    SortOrder.NAMED: "named_position",
}
"""The members of items with the sort key of each order."""


def list_keys(record: ListedRecord) -> dict[str, Any]:
    """Return the index attributes of a record's item by name; none if no list shows the record."""
    keys = index_keys_of(record)
    if keys is None:
        return {}
    sort_keys = {SORT_KEYS[order]: sort_key for order, sort_key in keys.sort_keys.items()}
    return {"listed_in": keys.bucket_key, "listed_as": keys.shard, **sort_keys}

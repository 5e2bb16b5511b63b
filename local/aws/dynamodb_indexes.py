"""Sorted global secondary indexes for moto, so that a query reads only the items that it returns.

For a query on an index, moto (5.2.5) scans the whole table, sorts the partition and deep-copies it.
That takes between a tenth of a second and ten seconds with 20,000 items. Here each index keeps its
partitions sorted by range key. A write only records the key of the item, and the next query updates
the index for these keys.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

MAX_BYTES = 1_000_000
"""Limit of one query's result (moto's RESULT_SIZE_LIMIT; AWS: 1 MB)."""

_Entry = tuple[str, str]
"""Range key and table key of an item. AWS does not define the order of equal range keys."""
_END = "\U0010ffff"
_DISCARDED = "discarded_indexes"
"""Attribute of a table: how often its indexes were discarded."""
_KEYS = {"HASH", "RANGE"}


class _SortedIndex:
    """One index: the sorted entries of each partition, and each item's entry."""

    def __init__(self, table: Table, index: GlobalSecondaryIndex) -> None:
        names = {one["KeyType"]: one["AttributeName"] for one in index.schema}
        self.partition_name, self.range_name = names["HASH"], names["RANGE"]
        self._partitions: dict[str, list[_Entry]] = {}
        self._index_keys: dict[str, tuple[str, str]] = {}
        self._table = table

    def update(self, key: str) -> None:
        """Move one item's entry to where its current index key belongs."""
        old = self._index_keys.pop(key, None)
        if old is not None:
            partition = self._partitions[old[0]]
            del partition[bisect_left(partition, (old[1], key))]
        attributes = _attributes(self._table, key)
        partition_key = attributes.get(self.partition_name)
        range_key = attributes.get(self.range_name)
        if partition_key is not None and range_key is not None:
            self._index_keys[key] = (partition_key.value, range_key.value)
            insort(self._partitions.setdefault(partition_key.value, []), (range_key.value, key))

    def entries(self, partition_key: str) -> Sequence[_Entry]:
        """Return the sorted entries of a partition."""
        return self._partitions.get(partition_key, ())


class SortedIndexes:
    """The sorted indexes of all tables, each created at the first query."""

    def __init__(self) -> None:
        self._indexes: WeakKeyDictionary[Table, dict[str, _SortedIndex]] = WeakKeyDictionary()
        self._changed_keys: WeakKeyDictionary[Table, set[str]] = WeakKeyDictionary()
        self._discarded: WeakKeyDictionary[Table, int] = WeakKeyDictionary()

    def mark_changed(self, table: Table, key: DynamoType) -> None:
        """Record that an item of a table may have changed."""
        self._changed_keys.setdefault(table, set()).add(str(key.value))

    @staticmethod
    def forget(table: Table) -> None:
        """Let all `SortedIndexes` discard their indexes of a table at its next query.

        Two stacks in one process have one each, and the later one answers the queries of both.
        """
        vars(table)[_DISCARDED] = vars(table).get(_DISCARDED, 0) + 1

    def query(
        self, original: Callable[..., Any], table: Table, *args: Any, **kwargs: Any
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """Run `Table.query`, on a sorted index if that supports the query."""
        query = _Query.of(*args, **kwargs)
        index = query.index(table)
        if index is None:
            result: tuple[list[Item], int, dict[str, Any] | None] = original(table, *args, **kwargs)
            return result
        return _run(table, index, self._sorted_index(table, index), query)

    def _sorted_index(self, table: Table, index: GlobalSecondaryIndex) -> _SortedIndex:
        discarded = vars(table).get(_DISCARDED, 0)
        if self._discarded.get(table) != discarded:
            self._discarded[table] = discarded
            self._indexes.pop(table, None)
        indexes = self._indexes.setdefault(table, {})
        changed_keys = self._changed_keys.pop(table, set())
        for sorted_index in indexes.values():
            for key in changed_keys:
                sorted_index.update(key)
        if index.name not in indexes:
            indexes[index.name] = _SortedIndex(table, index)
            for item in table.all_items():
                indexes[index.name].update(str(item.hash_key.value))
        return indexes[index.name]


class _Query:
    """The arguments of a call of `Table.query`."""

    def __init__(self, arguments: Mapping[str, Any], key_filters: Mapping[str, Any]) -> None:
        self.arguments = arguments
        self.key_filters = key_filters

    @classmethod
    def of(cls, *args: Any, **kwargs: Any) -> _Query:
        known = dict(zip(_PARAMETERS, args, strict=False))
        known |= {name: value for name, value in kwargs.items() if name in _PARAMETERS}
        return cls(known, {name: kwargs[name] for name in kwargs if name not in _PARAMETERS})

    def index(self, table: Table) -> GlobalSecondaryIndex | None:
        """Return the index of the query if a sorted index supports it, else None.

        The index must have a hash and a range key of type S, in a table without a range key.
        """
        name = self.arguments.get("index_name")
        index = next((one for one in table.global_indexes or [] if one.name == name), None)
        if index is None or self.key_filters or self.arguments.get("consistent_read"):
            return None
        types = {one["AttributeName"]: one["AttributeType"] for one in table.attr}
        is_supported = (
            table.range_key_attr is None
            and len(index.schema) == len(_KEYS)
            and {one["KeyType"] for one in index.schema} == _KEYS
            and all(types[one["AttributeName"]] == "S" for one in index.schema)
        )
        return index if is_supported else None


_PARAMETERS = (
    "hash_key", "range_comparison", "range_objs", "limit", "exclusive_start_key",
    "scan_index_forward", "projection_expressions", "index_name", "consistent_read",
    "filter_expression", "hash_key_conditions", "range_key_conditions",
)  # fmt: skip


def _run(
    table: Table, index: GlobalSecondaryIndex, sorted_index: _SortedIndex, query: _Query
) -> tuple[list[Item], int, dict[str, Any] | None]:
    arguments = query.arguments
    found, last_key = _page(table, index, arguments, _matching(sorted_index, arguments))
    results = [index.project(item) for item in found]
    if (expression := arguments.get("filter_expression")) is not None:
        results = [item for item in results if expression.expr(item)]
    if arguments.get("projection_expressions"):
        results = [item.project(arguments["projection_expressions"]) for item in results]
    return results, len(found), last_key


def _page(
    table: Table,
    index: GlobalSecondaryIndex,
    arguments: Mapping[str, Any],
    entries: Iterator[_Entry],
) -> tuple[list[Item], dict[str, Any] | None]:
    """Return the items of one page, and the key of the last one if there are more."""
    found: list[Item] = []
    size = 0
    for _, key in entries:
        item: Any = table.items[DynamoType({"S": key})]
        size += item.size()
        if len(found) == arguments.get("limit") or size > MAX_BYTES:
            return found, table._get_last_evaluated_key(found[-1], index.name)
        # A copy, so that a concurrent write does not change it before moto has serialised it.
        result = copy.copy(item)
        result.attrs = copy.copy(item.attrs)
        found.append(result)
    return found, None


def _matching(sorted_index: _SortedIndex, arguments: Mapping[str, Any]) -> Iterator[_Entry]:
    """Yield the entries that match the key condition, from the start key on, in query order."""
    entries = sorted_index.entries(str(arguments["hash_key"].value))
    first, end = _bounds(
        entries, arguments.get("range_comparison"), arguments.get("range_objs") or []
    )
    start = arguments.get("exclusive_start_key")
    forward = arguments.get("scan_index_forward") is not False
    if start:
        index_keys = (sorted_index.partition_name, sorted_index.range_name)
        key_name = next(name for name in start if name not in index_keys)
        start_entry = (start[sorted_index.range_name]["S"], start[key_name]["S"])
        if forward:
            first = max(first, bisect_right(entries, start_entry))
        else:
            end = min(end, bisect_left(entries, start_entry))
    positions = range(first, end) if forward else range(end - 1, first - 1, -1)
    return (entries[position] for position in positions)


def _bounds(
    entries: Sequence[_Entry], comparison: str | None, values: Sequence[DynamoType]
) -> tuple[int, int]:
    """Return start and end of the entries that match a condition on the range key."""
    low, high = (str(values[0].value), str(values[-1].value)) if values else ("", "")
    low_start, low_end = bisect_left(entries, (low,)), bisect_right(entries, (low, _END))
    match comparison:
        case None:
            return 0, len(entries)
        case "=":
            return low_start, low_end
        case "<":
            return 0, low_start
        case "<=":
            return 0, low_end
        case ">":
            return low_end, len(entries)
        case ">=":
            return low_start, len(entries)
        case "BETWEEN":
            return low_start, bisect_right(entries, (high, _END))
    if comparison != "BEGINS_WITH":
        raise ValueError(f"unknown condition on a range key: {comparison!r}")
    return low_start, bisect_left(entries, (f"{low}{_END}",))


def _attributes(table: Table, key: str) -> Mapping[str, DynamoType]:
    item = table.items.get(DynamoType({"S": key}))
    return item.attrs if isinstance(item, Item) else {}

"""Sorted books of global indexes, so that moto's queries cost what they find.

moto (5.2.5) answers a query on an index by going through the whole table, sorting what is in the
partition and copying it deeply: a tenth of a second, or ten, at 20,000 items. Here each index has a
book of its partitions, sorted by range key; writes only note which items they touched, and the next
query looks at these again.
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
"""What one query gives at most (moto's own RESULT_SIZE_LIMIT; AWS: 1 MB)."""

_Place = tuple[str, str]
"""Range key and table key of an item: the order of a partition, which AWS leaves open for equal
range keys."""
_END = "\U0010ffff"
_KEYS = {"HASH", "RANGE"}


class _SortedIndex:
    """One index: for each partition its places in order, and for each item where it is."""

    def __init__(self, table: Table, index: GlobalSecondaryIndex) -> None:
        names = {one["KeyType"]: one["AttributeName"] for one in index.schema}
        self.partition_name, self.range_name = names["HASH"], names["RANGE"]
        self._partitions: dict[str, list[_Place]] = {}
        self._found: dict[str, tuple[str, str]] = {}
        self._table = table

    def look_again(self, key: str) -> None:
        """Put one item where it belongs by now."""
        before = self._found.pop(key, None)
        if before is not None:
            partition = self._partitions[before[0]]
            del partition[bisect_left(partition, (before[1], key))]
        attributes = _attributes(self._table, key)
        partition_key = attributes.get(self.partition_name)
        range_key = attributes.get(self.range_name)
        if partition_key is not None and range_key is not None:
            self._found[key] = (partition_key.value, range_key.value)
            insort(self._partitions.setdefault(partition_key.value, []), (range_key.value, key))

    def places(self, partition_key: str) -> Sequence[_Place]:
        """The places of a partition, in order."""
        return self._partitions.get(partition_key, ())


class SortedIndexes:
    """The books of all tables, made when they are first asked for."""

    def __init__(self) -> None:
        self._indexes: WeakKeyDictionary[Table, dict[str, _SortedIndex]] = WeakKeyDictionary()
        self._touched: WeakKeyDictionary[Table, set[str]] = WeakKeyDictionary()

    def touch(self, table: Table, key: DynamoType) -> None:
        """Note that an item of a table may have changed."""
        self._touched.setdefault(table, set()).add(str(key.value))

    def forget(self, table: Table) -> None:
        """Take all books of a table for wrong."""
        self._indexes.pop(table, None)
        self._touched.pop(table, None)

    def query(
        self, original: Callable[..., Any], table: Table, *args: Any, **kwargs: Any
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """`Table.query`, by a book where there can be one."""
        question = _Query.of(*args, **kwargs)
        index = question.index(table)
        if index is None:
            answer: tuple[list[Item], int, dict[str, Any] | None] = original(table, *args, **kwargs)
            return answer
        return _answer(table, index, self._book(table, index), question)

    def _book(self, table: Table, index: GlobalSecondaryIndex) -> _SortedIndex:
        books = self._indexes.setdefault(table, {})
        touched = self._touched.pop(table, set())
        for book in books.values():
            for key in touched:
                book.look_again(key)
        if index.name not in books:
            books[index.name] = _SortedIndex(table, index)
            for item in table.all_items():
                books[index.name].look_again(str(item.hash_key.value))
        return books[index.name]


class _Query:
    """The arguments of `Table.query` that matter here."""

    def __init__(self, known: Mapping[str, Any], filters: Mapping[str, Any]) -> None:
        self.known = known
        self.filters = filters

    @classmethod
    def of(cls, *args: Any, **kwargs: Any) -> _Query:
        known = dict(zip(_PARAMETERS, args, strict=False))
        known |= {name: value for name, value in kwargs.items() if name in _PARAMETERS}
        return cls(known, {name: kwargs[name] for name in kwargs if name not in _PARAMETERS})

    def index(self, table: Table) -> GlobalSecondaryIndex | None:
        """The index that is asked, if a book can stand for it: one of texts, whole."""
        name = self.known.get("index_name")
        index = next((one for one in table.global_indexes or [] if one.name == name), None)
        if index is None or self.filters or self.known.get("consistent_read"):
            return None
        plain = table.range_key_attr is None and len(index.schema) == len(_KEYS)
        types = {one["AttributeName"]: one["AttributeType"] for one in table.attr}
        texts = all(types[one["AttributeName"]] == "S" for one in index.schema)
        keyed = {one["KeyType"] for one in index.schema} == _KEYS
        return index if plain and texts and keyed else None


_PARAMETERS = (
    "hash_key", "range_comparison", "range_objs", "limit", "exclusive_start_key",
    "scan_index_forward", "projection_expressions", "index_name", "consistent_read",
    "filter_expression", "hash_key_conditions", "range_key_conditions",
)  # fmt: skip


def _answer(
    table: Table, index: GlobalSecondaryIndex, book: _SortedIndex, question: _Query
) -> tuple[list[Item], int, dict[str, Any] | None]:
    known = question.known
    found, last = _page(table, index, known, _asked(book, known))
    results = [index.project(item) for item in found]
    if (expression := known.get("filter_expression")) is not None:
        results = [item for item in results if expression.expr(item)]
    if known.get("projection_expressions"):
        results = [item.project(known["projection_expressions"]) for item in results]
    return results, len(found), last


def _page(
    table: Table, index: GlobalSecondaryIndex, known: Mapping[str, Any], places: Iterator[_Place]
) -> tuple[list[Item], dict[str, Any] | None]:
    """The items of one page, and the key of its last one if there are more."""
    found: list[Item] = []
    size = 0
    for _, key in places:
        item: Any = table.items[DynamoType({"S": key})]
        size += item.size()
        if len(found) == known.get("limit") or size > MAX_BYTES:
            return found, table._get_last_evaluated_key(found[-1], index.name)
        # What is answered must not change under the hands of whoever spells it out.
        seen = copy.copy(item)
        seen.attrs = copy.copy(item.attrs)
        found.append(seen)
    return found, None


def _asked(book: _SortedIndex, known: Mapping[str, Any]) -> Iterator[_Place]:
    """The places that a query asks for, in its order."""
    places = book.places(str(known["hash_key"].value))
    first, last = _bounds(places, known.get("range_comparison"), known.get("range_objs") or [])
    start = known.get("exclusive_start_key")
    forward = known.get("scan_index_forward") is not False
    if start:
        key_name = next(
            name for name in start if name not in (book.partition_name, book.range_name)
        )
        behind = (start[book.range_name]["S"], start[key_name]["S"])
        if forward:
            first = max(first, bisect_right(places, behind))
        else:
            last = min(last, bisect_left(places, behind))
    numbers = range(first, last) if forward else range(last - 1, first - 1, -1)
    return (places[number] for number in numbers)


def _bounds(
    places: Sequence[_Place], comparison: str | None, values: Sequence[DynamoType]
) -> tuple[int, int]:
    """From which place to before which one a condition on the range key holds."""
    least, most = (str(values[0].value), str(values[-1].value)) if values else ("", "")
    from_least, behind_least = bisect_left(places, (least,)), bisect_right(places, (least, _END))
    match comparison:
        case None:
            return 0, len(places)
        case "=":
            return from_least, behind_least
        case "<":
            return 0, from_least
        case "<=":
            return 0, behind_least
        case ">":
            return behind_least, len(places)
        case ">=":
            return from_least, len(places)
        case "BETWEEN":
            return from_least, bisect_right(places, (most, _END))
    if comparison != "BEGINS_WITH":
        raise ValueError(f"no condition of a range key is called {comparison!r}")
    return from_least, bisect_left(places, (f"{least}{_END}",))


def _attributes(table: Table, key: str) -> Mapping[str, DynamoType]:
    item = table.items.get(DynamoType({"S": key}))
    return item.attrs if isinstance(item, Item) else {}

"""Capacity units of DynamoDB: what reads consume, and writes in a table and each of its indexes.

Rules of the Developer Guide: "DynamoDB item sizes and formats", "Read and write operations" and
"Using Global Secondary Indexes", section "Provisioned throughput considerations". A transaction
doubles the write units of the table, not those of its indexes, as DynamoDB reports with
ReturnConsumedCapacity (measured in github.com/nubo-db/dynoxide, pull request 188).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's JSON, with the type of each value."""


def read_units(sent: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Return the units of GetItem, Query or BatchGetItem: half if the read is not consistent.

    The items of a Query are added up before they are rounded; those of a batch are rounded one by
    one. A read of an absent item costs a unit.
    """
    if "RequestItems" in sent:
        return sum(
            _read_units(item_size(item), sent["RequestItems"][table])
            for table, items in answer["Responses"].items()
            for item in items
        )
    items = [answer["Item"]] if "Item" in answer else answer.get("Items", [])
    return _read_units(sum(map(item_size, items)), sent)


def _read_units(size: int, sent: Mapping[str, Any]) -> float:
    units = max(-(-size // READ_UNIT_BYTES), 1)
    return units if sent.get("ConsistentRead") else units / 2


def write_units(
    description: Mapping[str, Any], before: Item, after: Item, *, in_transaction: bool
) -> dict[str, int]:
    """Return the units by index name, and under "" those of the table.

    `description` is the table's, as DescribeTable returns it. `before` and `after` are the item
    around the write; an absent item is empty.
    """
    larger = max(units_of(before), units_of(after), 1)
    units = {"": larger * (2 if in_transaction else 1)}
    keys = {one["AttributeName"] for one in description["KeySchema"]}
    for index in description.get("GlobalSecondaryIndexes", ()):
        entries = [index_entry(index, keys, item) for item in (before, after)]
        units[index["IndexName"]] = index_units(index, *entries)
    return {name: count for name, count in units.items() if count}


def index_units(index: Mapping[str, Any], before: Item, after: Item) -> int:
    """Return the units that an index consumes when its entry changes from `before` to `after`.

    An unchanged entry costs nothing. A changed key costs a deletion and a put.
    """
    if before == after:
        return 0
    keys = [one["AttributeName"] for one in index["KeySchema"]]
    if before and after and all(before[name] == after[name] for name in keys):
        return max(units_of(before), units_of(after))
    return sum(units_of(entry) for entry in (before, after) if entry)


def index_entry(index: Mapping[str, Any], table_keys: set[str], item: Item) -> Item:
    """Return the attributes of an item that an index has; none without the index's keys."""
    keys = {one["AttributeName"] for one in index["KeySchema"]}
    if not keys <= item.keys():
        return {}
    projection = index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return item
    kept = keys | table_keys | set(projection.get("NonKeyAttributes", ()))
    return {name: value for name, value in item.items() if name in kept}


def units_of(item: Item) -> int:
    """Return the units to write an item outside of a transaction; 0 for an absent item."""
    return -(-item_size(item) // UNIT_BYTES)


def item_size(item: Item) -> int:
    """Return the bytes of an item: its names and its values."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of a value in DynamoDB's JSON."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = content.strip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1 + int(content.startswith("-"))
        case "B":
            return len(bytes(content))
        case "L":
            return 3 + sum(1 + value_size(one) for one in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(content[name]) for name in content)
        case "SS":
            return sum(len(one.encode()) for one in content)
        case _:  # BOOL and NULL; the records have no other types
            return 1

"""Capacity units as `make bench-cost` counts them, by the examples of AWS's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.dynamodb_units import item_size, read_units, write_units

TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "whole",
            "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        },
        {
            "IndexName": "keys",
            "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}


def item(group: str | None = "a", text: str = "") -> dict[str, Any]:
    """Return an item with this group and text."""
    content = {"id": "1", "group": group, "text": text}
    return {name: {"S": value} for name, value in content.items() if value is not None}


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        ({}, item(), {"": 1, "whole": 1, "keys": 1}),
        ({}, item(group=None), {"": 1}),
        ({}, item(text="x" * 1500), {"": 2, "whole": 2, "keys": 1}),
        (item(), item(text="new"), {"": 1, "whole": 1}),
        (item(), item(), {"": 1}),
        (item("a"), item("b"), {"": 1, "whole": 2, "keys": 2}),
        (item(text="x" * 3000), {}, {"": 3, "whole": 3, "keys": 1}),
    ],
)
def test_an_index_costs_only_what_changes_in_it(
    before: dict[str, Any], after: dict[str, Any], units: dict[str, int]
) -> None:
    assert write_units(TABLE, before, after, in_transaction=False) == units


def test_a_transaction_doubles_the_table_and_not_its_indexes() -> None:
    assert write_units(TABLE, {}, item(text="x" * 1500), in_transaction=True) == {
        "": 4,
        "whole": 2,
        "keys": 1,
    }


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "100"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"B": b"abc"}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": False}]}, 8),
        ({"M": {"k": {"S": "ab"}}}, 7),
        ({"SS": ["a", "bc"]}, 3),
    ],
)
def test_sizes_are_dynamodbs(value: dict[str, Any], size: int) -> None:
    assert item_size({"n": value}) == 1 + size


def test_a_consistent_read_costs_twice_an_eventual_one() -> None:
    found = {"Item": item(text="x" * 5000)}
    assert read_units({"ConsistentRead": True}, found) == 2
    assert read_units({}, found) == 1
    assert read_units({}, {}) == 0.5


def test_a_batch_is_rounded_item_by_item_and_a_query_once() -> None:
    items = [item(), item(), item()]
    assert read_units({"RequestItems": {"t": {}}}, {"Responses": {"t": items}}) == 1.5
    assert read_units({}, {"Items": items}) == 0.5

"""Sorted indexes return what moto returns, and read fewer items."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.dynamodb.models.table import Table

from local.aws.dynamodb_fixes import DynamoDBFixes
from local.patching import Patches
from tests.local.moto_methods import NOW, REGION, backend, with_fixes, without_fixes

PARTITIONS = ("a", "b", "c")


class Birds:
    """A table with two indexes, one of which has fewer attributes, by boto3."""

    def __init__(self, url: str) -> None:
        options: Any = {
            "endpoint_url": url,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.client = boto3.client("dynamodb", **options)
        key_schema: Any = [
            {"AttributeName": "kind", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ]
        self.client.create_table(
            TableName="birds",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("id", "kind", "name")
            ],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "whole",
                    "KeySchema": key_schema,
                    "Projection": {"ProjectionType": "ALL"},
                },
                {
                    "IndexName": "keys",
                    "KeySchema": key_schema,
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                },
            ],
        )

    def write(self, seed: int, writes: int = 60) -> None:
        """Create, change and delete random items; a seed always gives the same writes."""
        chance = random.Random(seed)
        for _ in range(writes):
            key: Any = {"id": {"S": str(chance.randrange(25))}}
            keys = {"kind": chance.choice((*PARTITIONS, None)), "name": chance.choice("xyz")}
            given: Any = {name: {"S": value} for name, value in keys.items() if value}
            match chance.randrange(3):
                case 0:
                    self.client.delete_item(TableName="birds", Key=key)
                case 1:
                    self.client.update_item(
                        TableName="birds",
                        Key=key,
                        UpdateExpression="SET #n = :n REMOVE kind",
                        ExpressionAttributeNames={"#n": "name"},
                        ExpressionAttributeValues={":n": {"S": "y"}},
                    )
                case _:
                    note: Any = {"note": {"S": "n" * chance.randrange(50)}}
                    self.client.put_item(TableName="birds", Item={**key, **given, **note})

    def ask(self, **more: Any) -> list[Any]:
        """Return the pages of a query on every partition."""
        found = []
        names = {"#k": "kind", **more.pop("names", {})}
        values = more.pop("values", {})
        condition = " AND ".join(["#k = :k", *filter(None, [more.pop("condition", "")])])
        for partition in PARTITIONS:
            start: dict[str, Any] = {}
            while True:
                page = self.client.query(
                    TableName="birds",
                    KeyConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={":k": {"S": partition}, **values},
                    **{"IndexName": "whole", **more},
                    **start,
                )
                found.append((page["Items"], page["ScannedCount"]))
                if "LastEvaluatedKey" not in page:
                    break
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return found


@pytest.fixture
def birds(moto_url: str) -> Iterator[Birds]:
    with without_fixes():
        made = Birds(moto_url)
    yield made
    made.client.close()
    backend().reset()


X: dict[str, Any] = {"names": {"#n": "name"}, "values": {":n": {"S": "y"}}}
QUESTIONS: dict[str, dict[str, Any]] = {
    "everything": {},
    "backwards": {"ScanIndexForward": False},
    "in pages": {"Limit": 2},
    "in pages backwards": {"Limit": 3, "ScanIndexForward": False},
    "keys": {"IndexName": "keys"},
    "equal": {**X, "condition": "#n = :n"},
    "below": {**X, "condition": "#n < :n"},
    "up to": {**X, "condition": "#n <= :n"},
    "above": {**X, "condition": "#n > :n", "Limit": 1},
    "from": {**X, "condition": "#n >= :n"},
    "beginning": {**X, "condition": "begins_with(#n, :n)"},
    "between": {
        "names": {"#n": "name"},
        "values": {":n": {"S": "x"}, ":m": {"S": "y"}},
        "condition": "#n BETWEEN :n AND :m",
    },
    "filtered": {"FilterExpression": "attribute_exists(note)", "Limit": 4},
    "projected": {"ProjectionExpression": "id"},
}


@pytest.mark.parametrize("seed", range(3))
def test_sorted_indexes_return_the_same_as_moto(birds: Birds, seed: int) -> None:
    with with_fixes():
        birds.ask()  # creates the indexes that the writes have to keep up to date
        birds.write(seed)
        pages = {name: birds.ask(**question) for name, question in QUESTIONS.items()}
    with without_fixes():
        for name, question in QUESTIONS.items():
            assert pages[name] == birds.ask(**question), name


def _count_compared(birds: Birds) -> int:
    """Return how many items one query reads."""
    compared = 0
    with Patches() as patches:
        original: Callable[..., Any] = vars(Table)["all_items"]

        def all_items(table: Table) -> Any:
            nonlocal compared
            items = original(table)
            compared += len(items)
            return items

        patches.replace(Table, "all_items", all_items)
        birds.ask(Limit=1000)
    return compared


def test_without_sorted_indexes_a_query_reads_the_whole_table(birds: Birds) -> None:
    with without_fixes():
        birds.write(1)
        birds.ask()
        assert _count_compared(birds) > 10


def test_with_sorted_indexes_a_query_reads_what_it_returns(birds: Birds) -> None:
    with with_fixes():
        birds.write(1)
        birds.ask()
        birds.write(2)
        assert _count_compared(birds) == 0


def test_a_table_that_was_emptied_directly_is_read_again(birds: Birds) -> None:
    with with_fixes() as fixes:
        birds.write(1)
        assert any(items for items, _ in birds.ask())
        table = backend().get_table("birds")
        table.items.clear()
        fixes.forget(table)
        assert not any(items for items, _ in birds.ask())


def test_a_table_that_the_earlier_of_two_stacks_emptied_is_read_again(birds: Birds) -> None:
    with with_fixes() as fixes:
        later = DynamoDBFixes(lambda: NOW)
        later.install()
        try:
            birds.write(1)
            assert any(items for items, _ in birds.ask())
            table = backend().get_table("birds")
            table.items.clear()
            fixes.forget(table)
            assert not any(items for items, _ in birds.ask())
        finally:
            later.remove()

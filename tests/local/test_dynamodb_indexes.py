"""The local DynamoDB's books of indexes: what moto answers without them, and how much it costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.dynamodb.models.table import Table

from local.patching import Patches
from tests.local.test_dynamodb_fixes import as_it_comes, backend, mended, server

REGION = "eu-north-1"  # not the stack's, whose tables live in the same process
__all__ = ["server"]

PARTITIONS = ("a", "b", "c")


class Birds:
    """A table with two indexes, one of them with fewer attributes, through boto3."""

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
        """The same writes for the same seed: new items, changed and removed ones."""
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
        """What every partition answers, page by page."""
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
def birds(server: str) -> Iterator[Birds]:
    with as_it_comes():
        made = Birds(server)
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


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_books_answer_as_the_whole_table_does(birds: Birds, question: dict[str, Any]) -> None:
    for seed in range(3):
        with mended():
            birds.ask()  # so that there is a book to be kept up
            birds.write(seed)
            with_books = birds.ask(**question)
        with as_it_comes():
            assert with_books == birds.ask(**question)


def _count_compared(birds: Birds) -> int:
    """How many items one query goes through."""
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


def test_a_query_goes_through_the_whole_table_without(birds: Birds) -> None:
    with as_it_comes():
        birds.write(1)
        birds.ask()
        assert _count_compared(birds) > 10


def test_a_query_goes_through_what_it_finds_with(birds: Birds) -> None:
    with mended():
        birds.write(1)
        birds.ask()
        birds.write(2)
        assert _count_compared(birds) == 0


def test_a_table_that_was_emptied_behind_the_back_is_read_anew(birds: Birds) -> None:
    with mended() as fixes:
        birds.write(1)
        assert any(items for items, _ in birds.ask())
        table = backend().get_table("birds")
        table.items.clear()
        fixes.forget(table)
        assert not any(items for items, _ in birds.ask())

"""moto's DynamoDB with and without the fixes: each fault is shown in both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import Item

from local.aws.dynamodb_fixes import DynamoDBFixes
from local.patching import Patches
from tests.local.moto_methods import NOW, ORIGINALS, REGION, backend, with_fixes, without_fixes


class Things:
    """A table with a stream, by boto3, and an iterator from before the first write."""

    def __init__(self, url: str) -> None:
        options: Any = {
            "endpoint_url": url,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.client = boto3.client("dynamodb", **options)
        self.streams = boto3.client("dynamodbstreams", **options)
        self.client.create_table(
            TableName="things",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.client.update_time_to_live(
            TableName="things",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
        )
        arn = self.client.describe_table(TableName="things")["Table"]["LatestStreamArn"]
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
        self.iterator = self.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def put(self, name: str, **attributes: Any) -> None:
        self.client.put_item(TableName="things", Item={"id": {"S": name}, **attributes})

    def fail_a_transaction(self) -> None:
        """Send a transaction that puts one item and fails on the next."""
        with pytest.raises(ClientError, match="TransactionCanceled"):
            self.client.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": "things", "Item": {"id": {"S": "phantom"}}}},
                    {
                        "Update": {
                            "TableName": "things",
                            "Key": {"id": {"S": "there"}},
                            "UpdateExpression": "SET n = :n",
                            "ConditionExpression": "attribute_not_exists(id)",
                            "ExpressionAttributeValues": {":n": {"N": "9"}},
                        }
                    },
                ]
            )

    def records(self) -> list[tuple[str, str]]:
        """Return kind and key of the records that the first iterator returns."""
        response = self.streams.get_records(ShardIterator=self.iterator)
        return [
            (record["eventName"], record["dynamodb"]["Keys"]["id"]["S"])
            for record in response["Records"]
        ]

    def names(self) -> set[str]:
        return {item["id"]["S"] for item in self.client.scan(TableName="things")["Items"]}


@pytest.fixture
def things(moto_url: str) -> Iterator[Things]:
    backend().reset()
    with without_fixes():
        made = Things(moto_url)
    yield made
    made.client.close()
    made.streams.close()
    backend().reset()


def test_without_fix_a_failed_transaction_leaves_records_and_breaks_iterators(
    things: Things,
) -> None:
    with without_fixes():
        things.put("there")
        things.fail_a_transaction()
        assert ("INSERT", "phantom") in things.records()
        things.put("later")
        assert ("INSERT", "later") not in things.records()


def test_with_fix_a_failed_transaction_leaves_nothing(things: Things) -> None:
    with with_fixes():
        things.put("there", n={"N": "1"})
        things.fail_a_transaction()
        assert things.records() == [("INSERT", "there")]
        things.put("later")
        assert things.records() == [("INSERT", "there"), ("INSERT", "later")]
        assert things.names() == {"there", "later"}
        item = things.client.get_item(TableName="things", Key={"id": {"S": "there"}})["Item"]
        assert item["n"] == {"N": "1"}


def test_with_fix_a_committed_transaction_is_in_the_stream_once(things: Things) -> None:
    with with_fixes():
        things.client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "things", "Item": {"id": {"S": name}}}} for name in "ab"
            ]
        )
        assert things.records() == [("INSERT", "a"), ("INSERT", "b")]


def copies_of_other_items(things: Things) -> int:
    """Return how many other items a transaction on one item copies."""
    for number in range(20):
        things.put(f"bystander-{number}")
    copied: list[str] = []
    original = vars(Item)["__deepcopy__"]

    def counted(item: Item, memo: dict[int, Any]) -> Item:
        copied.append(str(item.hash_key.value))
        made: Item = original(item, memo)
        return made

    with Patches() as patches:
        patches.replace(Item, "__deepcopy__", counted)
        things.client.transact_write_items(
            TransactItems=[{"Put": {"TableName": "things", "Item": {"id": {"S": "one"}}}}]
        )
    return sum(name.startswith("bystander") for name in copied)


def test_without_fix_a_transaction_copies_the_whole_table(things: Things) -> None:
    with without_fixes():
        assert copies_of_other_items(things) == 20


def test_with_fix_a_transaction_copies_only_its_items(things: Things) -> None:
    with with_fixes():
        assert copies_of_other_items(things) == 0


def test_without_fix_an_identical_put_emits_a_change(things: Things) -> None:
    with without_fixes():
        things.put("same")
        things.put("same")
        assert things.records() == [("INSERT", "same"), ("MODIFY", "same")]


def test_with_fix_an_identical_put_emits_nothing(things: Things) -> None:
    with with_fixes():
        things.put("same")
        things.put("same")
        things.client.update_item(
            TableName="things",
            Key={"id": {"S": "same"}},
            UpdateExpression="REMOVE nothing",
        )
        assert things.records() == [("INSERT", "same")]


def upsert(things: Things) -> None:
    things.client.update_item(
        TableName="things",
        Key={"id": {"S": "new"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )


def test_without_fix_an_update_that_creates_an_item_emits_two_inserts(things: Things) -> None:
    with without_fixes():
        upsert(things)
        assert things.records() == [("INSERT", "new"), ("INSERT", "new")]


def test_with_fix_an_update_that_creates_an_item_emits_one_insert(things: Things) -> None:
    with with_fixes():
        upsert(things)
        things.put("next")
        [first, second] = things.streams.get_records(ShardIterator=things.iterator)["Records"]
        assert first["dynamodb"]["NewImage"] == {"id": {"S": "new"}, "n": {"N": "1"}}
        numbers = [int(one["dynamodb"]["SequenceNumber"]) for one in (first, second)]
        assert numbers[1] == numbers[0] + 1


def fail_an_upsert(things: Things) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        things.client.update_item(
            TableName="things",
            Key={"id": {"S": "half"}},
            UpdateExpression="SET big = :big",
            ExpressionAttributeValues={":big": {"S": "x" * 500_000}},
        )


def test_without_fix_a_failed_update_leaves_half_an_item(things: Things) -> None:
    with without_fixes():
        fail_an_upsert(things)
        assert things.names() == {"half"}


def test_with_fix_a_failed_update_leaves_nothing(things: Things) -> None:
    with with_fixes():
        fail_an_upsert(things)
        assert things.names() == set()
        assert things.records() == []


def put_expiring(things: Things) -> None:
    def at(moment: datetime) -> dict[str, str]:
        return {"N": str(int(moment.timestamp()))}

    things.put("expired", expiresAt=at(NOW - timedelta(seconds=1)))
    things.put("alive", expiresAt=at(NOW + timedelta(hours=1)))
    things.put("ancient", expiresAt=at(NOW - timedelta(days=6 * 365)))
    things.put("text", expiresAt={"S": "1"})
    things.put("without")


def test_without_fix_expired_items_stay(things: Things) -> None:
    with without_fixes():
        put_expiring(things)
        assert "expired" in things.names()


def test_with_fix_expired_items_are_deleted_by_the_service(things: Things) -> None:
    with with_fixes() as fixes:
        put_expiring(things)
        assert fixes.sweep_expired(backend()) == 1
        assert things.names() == {"alive", "ancient", "text", "without"}
        record = things.streams.get_records(ShardIterator=things.iterator)["Records"][-1]
        assert (record["eventName"], record["dynamodb"]["Keys"]) == (
            "REMOVE",
            {"id": {"S": "expired"}},
        )
        assert record["userIdentity"] == {
            "PrincipalId": "dynamodb.amazonaws.com",
            "Type": "Service",
        }


def test_with_fix_a_record_keeps_its_image_when_the_item_changes(things: Things) -> None:
    with with_fixes():
        things.put("nested", m={"M": {"a": {"N": "1"}}})
        things.client.update_item(
            TableName="things",
            Key={"id": {"S": "nested"}},
            UpdateExpression="SET m.a = :a",
            ExpressionAttributeValues={":a": {"N": "2"}},
        )
        records = things.streams.get_records(ShardIterator=things.iterator)["Records"]
        assert [one["dynamodb"]["NewImage"]["m"]["M"]["a"]["N"] for one in records] == ["1", "2"]


def test_with_fix_one_of_many_conditional_puts_succeeds(things: Things) -> None:
    won: list[int] = []

    def claim(number: int) -> None:
        try:
            things.client.put_item(
                TableName="things",
                Item={"id": {"S": "claimed"}, "by": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(id)",
            )
            won.append(number)
        except ClientError as error:
            assert "ConditionalCheckFailed" in str(error)  # noqa: PT017 - in a thread of its own

    with with_fixes():
        threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(won) == 1


def test_removing_the_fixes_restores_moto(things: Things) -> None:
    with without_fixes():
        before = {key: vars(key[0])[key[1]] for key in ORIGINALS}
        fixes = DynamoDBFixes()
        fixes.install()
        fixes.remove()
        assert {key: vars(key[0])[key[1]] for key in ORIGINALS} == before


def indexed(things: Things) -> None:
    """Return a table with an index by text and number."""
    things.client.create_table(
        TableName="indexed",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "kind", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byKind",
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def write(things: Things, how: str, **attributes: Any) -> None:
    """Write one item in one of the four ways."""
    client, item = things.client, {"id": {"S": "a"}, **attributes}
    update: Any = {
        "TableName": "indexed",
        "Key": {"id": {"S": "a"}},
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        "ExpressionAttributeValues": {f":{name}": value for name, value in attributes.items()},
    }
    if how == "put":
        client.put_item(TableName="indexed", Item=item)
    elif how == "update":
        client.update_item(**update)
    elif how == "batch":
        client.batch_write_item(RequestItems={"indexed": [{"PutRequest": {"Item": item}}]})
    else:
        client.transact_write_items(TransactItems=[{"Update": update}])


WAYS = ("put", "update", "batch", "transaction")
WRONG: tuple[dict[str, Any], ...] = ({"kind": {"N": "1"}}, {"at": {"S": "now"}})


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("attributes", WRONG)
def test_without_fix_an_index_key_of_another_type_is_accepted(
    things: Things, how: str, attributes: dict[str, Any]
) -> None:
    indexed(things)
    with without_fixes():
        write(things, how, **attributes)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("attributes", WRONG)
def test_with_fix_an_index_key_of_another_type_is_refused(
    things: Things, how: str, attributes: dict[str, Any]
) -> None:
    indexed(things)
    with with_fixes():
        with pytest.raises(ClientError, match="Type mismatch for Index Key"):
            write(things, how, **attributes)
        assert things.client.scan(TableName="indexed")["Items"] == []
        write(things, how, kind={"S": "x"}, at={"N": "1"})
        assert len(things.client.scan(TableName="indexed")["Items"]) == 1


def batch_of(things: Things, number: int) -> None:
    puts: Any = [{"PutRequest": {"Item": {"id": {"S": str(name)}}}} for name in range(number)]
    things.client.batch_write_item(RequestItems={"things": puts})


def test_without_fix_a_batch_of_26_is_accepted(things: Things) -> None:
    with without_fixes():
        batch_of(things, 26)
    assert len(things.names()) == 26


def test_with_fix_a_batch_of_26_is_refused(things: Things) -> None:
    with with_fixes():
        with pytest.raises(ClientError, match="Too many items"):
            batch_of(things, 26)
        assert things.names() == set()
        batch_of(things, 25)
    assert len(things.names()) == 25

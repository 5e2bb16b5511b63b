"""The faster functions of moto return what moto's own return."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.aws import moto_speed
from local.patching import Patches

MAX_ITEM_BYTES = 405_000
"""The size limit of an item in moto, in bytes."""
ITEM: dict[str, Any] = {
    "id": {"S": "one"},
    "number": {"N": "1.5"},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["a", "b"]},
    "list": {"L": [{"S": "x"}, {"M": {"S": {"S": "a key that is a type's name"}}}]},
    "map": {"M": {"nested": {"M": {"BOOL": {"BOOL": False}, "NULL": {"NULL": True}}}}},
}


@pytest.fixture(params=[False, True], ids=["moto", "faster"])
def table(request: pytest.FixtureRequest) -> Any:
    with mock_aws(), Patches() as patches:
        if request.param:
            moto_speed.install(patches)
        resource = boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        resource.create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield resource


def test_values_of_every_type_are_returned(table: Any) -> None:
    table.put_item(TableName="things", Item=ITEM)
    assert table.get_item(TableName="things", Key={"id": {"S": "one"}})["Item"] == ITEM
    assert table.scan(TableName="things")["Items"] == [ITEM]


@pytest.mark.parametrize("count", [1, 9])
def test_the_size_of_an_item_is_limited(table: Any, count: int) -> None:
    """The size includes names and small attributes."""
    names = [f"n{number}" for number in range(count)]
    room = MAX_ITEM_BYTES - len("id" + "one") - sum(map(len, names))
    sizes = [room // count] * (count - 1)
    sizes.append(room - sum(sizes))
    item = {name: {"S": "x" * size} for name, size in zip(names, sizes, strict=True)}
    table.put_item(TableName="things", Item={"id": {"S": "one"}, **item})
    item["n0"]["S"] += "x"
    with pytest.raises(ClientError, match="Item size"):
        table.put_item(TableName="things", Item={"id": {"S": "one"}, **item})

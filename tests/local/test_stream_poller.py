"""A table's stream is delivered in order, with retries, bisecting and a failure destination."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local.stack import LocalStack
from tests.local.project import remembered


def put(stack: LocalStack, *names: str, **attributes: Any) -> None:
    for name in names:
        item = {"id": {"S": name}, **attributes}
        stack.client("dynamodb").put_item(TableName=stack.name("ThingsTable"), Item=item)


def plan(stack: LocalStack, *responses: Any) -> None:
    remembered(stack, "PublishFunction", "PLAN").extend(responses)


def names(event: Any) -> str:
    return "".join(record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"])


def seen(stack: LocalStack) -> list[str]:
    return [names(event) for event in remembered(stack, "PublishFunction", "SEEN")]


def fail_from(name: str) -> Any:
    """Return a handler that reports the record of this item as failed."""

    def respond(event: Any) -> dict[str, Any]:
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
                for record in event["Records"]
                if record["dynamodb"]["Keys"]["id"]["S"] == name
            ]
        }

    return respond


def raise_for(name: str) -> Any:
    """Return a handler that raises if the batch contains this item."""

    def respond(event: Any) -> None:
        if name in names(event):
            raise ValueError(name)

    return respond


def test_changes_come_in_order_with_both_images(small: LocalStack) -> None:
    put(small, *"abcde")
    put(small, "a", n={"N": "1"})
    small.settle()
    assert seen(small) == ["abcd", "ea"]
    record = remembered(small, "PublishFunction", "SEEN")[1]["Records"][1]
    assert (record["eventName"], record["eventSource"]) == ("MODIFY", "aws:dynamodb")
    assert record["dynamodb"]["OldImage"] == {"id": {"S": "a"}}
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "1"}}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], float)
    assert "/stream/" in record["eventSourceARN"]


def test_after_a_reported_failure_the_rest_is_retried(small: LocalStack) -> None:
    put(small, *"abcd")
    plan(small, fail_from("c"))
    small.settle()
    assert seen(small) == ["abcd", "cd"]


def test_an_error_bisects_down_to_the_bad_record_and_keeps_the_order(small: LocalStack) -> None:
    put(small, *"abcd")
    put(small, "e")
    plan(small, *[raise_for("b")] * 20)
    small.settle(retries=True)
    assert seen(small) == ["abcd", "ab", "a", "b", "b", "b", "cd", "e"]


def test_a_failing_batch_blocks_later_ones(small: LocalStack) -> None:
    put(small, "a")
    plan(small, *[raise_for("a")] * 3)
    small.settle()
    put(small, "b")
    small.settle()
    assert seen(small) == ["a"]
    small.clock.advance(timedelta(seconds=2))
    small.settle()
    assert seen(small) == ["a", "a"]


def test_a_batch_that_failed_for_good_is_stored_in_s3(small: LocalStack) -> None:
    put(small, "a", n={"N": "1"})
    plan(small, *[raise_for("a")] * 3)
    small.settle(retries=True)
    [key] = small.keys("KeepBucket")
    assert key.startswith("aws/lambda/PublishFunctionThings/shardId-")
    stored = small.client("s3").get_object(Bucket=small.name("KeepBucket"), Key=key)
    document = json.loads(stored["Body"].read())
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 3
    assert document["DDBStreamBatchInfo"]["batchSize"] == 1
    [record] = json.loads(document["payload"])["Records"]
    assert record["dynamodb"]["NewImage"]["n"] == {"N": "1"}


def test_lifecycle_rules_follow_the_clock(small: LocalStack) -> None:
    bucket = small.name("KeepBucket")
    for key in ("short/a", "long/a"):
        small.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    assert small.sweep_expired() == 0
    small.clock.advance(timedelta(days=4))
    assert small.sweep_expired() == 1
    assert small.keys("KeepBucket") == ["long/a"]


def test_a_removal_by_ttl_is_marked(small: LocalStack) -> None:
    expiry = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    put(small, "a", expiresAt={"N": str(expiry)})
    assert small.sweep_expired() == 0
    small.clock.advance(timedelta(days=2))
    assert small.sweep_expired() == 1
    small.settle()
    record = remembered(small, "PublishFunction", "SEEN")[0]["Records"][1]
    assert record["eventName"] == "REMOVE"
    assert record["userIdentity"] == {
        "principalId": "dynamodb.amazonaws.com",
        "type": "Service",
    }


def test_a_stream_with_faults_delivers_each_batch_twice(small: LocalStack) -> None:
    small.faults.copies = 2
    put(small, "a")
    small.settle()
    assert seen(small) == ["a", "a"]

"""Queues are delivered as by Lambda's poller."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.stack import LocalStack
from tests.local.project import remembered


def send(stack: LocalStack, *bodies: Any) -> None:
    url = stack.client("sqs").get_queue_url(QueueName=stack.name("WorkQueue"))["QueueUrl"]
    for body in bodies:
        stack.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))


def seen(stack: LocalStack) -> list[list[Any]]:
    """Return the bodies of each batch that the function received."""
    events = remembered(stack, "WorkFunction", "SEEN")
    return [[json.loads(record["body"]) for record in event["Records"]] for event in events]


def plan(stack: LocalStack, *responses: Any) -> None:
    remembered(stack, "WorkFunction", "PLAN").extend(responses)


def failures_of(*bodies: Any) -> Any:
    """Return a handler that reports the records with these bodies as failed."""

    def respond(event: Any) -> dict[str, Any]:
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["messageId"]}
                for record in event["Records"]
                if json.loads(record["body"]) in bodies
            ]
        }

    return respond


def test_messages_come_in_batches_with_all_that_lambda_gives(small: LocalStack) -> None:
    send(small, 1, 2, 3, 4)
    small.settle()
    assert seen(small) == [[1, 2, 3], [4]]
    record = remembered(small, "WorkFunction", "SEEN")[0]["Records"][0]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(":coffer-WorkQueue")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["md5OfBody"]
    assert small.messages("WorkQueue") == []


def test_a_reported_failure_comes_back_alone_after_its_visibility_timeout(
    small: LocalStack,
) -> None:
    send(small, 1, 2, 3)
    plan(small, failures_of(2))
    small.settle()
    assert seen(small) == [[1, 2, 3]]
    small.clock.advance(timedelta(seconds=11))
    small.settle()
    assert seen(small) == [[1, 2, 3]]
    small.clock.advance(timedelta(seconds=2))
    small.settle()
    assert seen(small) == [[1, 2, 3], [2]]
    assert small.messages("WorkQueue") == []


def test_an_exception_brings_the_whole_batch_back(small: LocalStack) -> None:
    send(small, 1, 2)
    plan(small, ValueError("no"))
    small.settle(retries=True)
    assert seen(small) == [[1, 2], [1, 2]]
    [(function, outcome)] = small.failures
    assert (function, outcome.error_type) == ("WorkFunction", "ValueError")


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(small: LocalStack) -> None:
    send(small, "bad", "good")
    plan(small, *[failures_of("bad")] * 9)
    small.settle(retries=True)
    assert seen(small) == [["bad", "good"], ["bad"], ["bad"]]
    assert small.messages("DeadQueue") == ["bad"]
    assert small.messages("WorkQueue") == []


@pytest.mark.parametrize(
    "response",
    [
        {"batchItemFailures": [{"itemIdentifier": "stranger"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": "all"},
        ["not an object"],
    ],
)
def test_an_invalid_batch_response_fails_the_batch(small: LocalStack, response: Any) -> None:
    send(small, 1, 2)
    plan(small, lambda _: response)
    small.settle()
    assert small.messages("WorkQueue") == [1, 2]


@pytest.mark.parametrize("response", [None, {}, {"batchItemFailures": []}, {"other": 1}])
def test_an_empty_batch_response_means_success(small: LocalStack, response: Any) -> None:
    send(small, 1, 2)
    plan(small, lambda _: response)
    small.settle()
    assert small.messages("WorkQueue") == []


def test_a_message_beyond_the_limit_is_refused(small: LocalStack) -> None:
    with pytest.raises(ClientError, match="262144"):
        send(small, "x" * 262_144)


def test_queues_with_faults_deliver_twice_and_newest_first(small: LocalStack) -> None:
    small.faults.newest_first = True
    send(small, 1, 2, 3)
    small.settle()
    assert seen(small) == [[3, 2, 1]]
    small.faults.copies = 2
    small.client("s3").put_object(Bucket=small.name("KeepBucket"), Key="in/a", Body=b"a")
    assert len(small.messages("WorkQueue")) == 2


def test_an_arrival_in_s3_reaches_the_queue_of_its_rule(small: LocalStack) -> None:
    for key in ("in/a b+c", "elsewhere/a"):
        small.client("s3").put_object(Bucket=small.name("KeepBucket"), Key=key, Body=b"abc")
    small.settle()
    [[event]] = seen(small)
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["object"]["key"] == "in/a b+c"
    assert event["detail"]["object"]["size"] == 3

"""Injected faults: each happens as its seed decides, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.faults.chaos import NO_FAULTS, Chaos, ChaosError, Fault
from local.faults.fault_injection import MIN_INVOCATIONS_BETWEEN_KILLS, FaultInjector
from local.faults.throttling import OUTAGE_LENGTH, SERVICE_ERRORS
from local.foreground import banner
from local.stack import LocalStack
from tests.local.project import remembered, write_project

ALL = "duplicate,reorder,delay,throttle,crash"
CALLING_HANDLER = """
import os
from http.client import HTTPConnection
from urllib.parse import urlsplit


def lambda_handler(event, context):
    for _ in range(event["calls"]):
        connection = HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
    return "done"
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Return a function that starts the small application with faults."""
    stacks: list[LocalStack] = []

    def start(words: str, seed: int = 7, **options: Any) -> LocalStack:
        for stack in stacks:
            stack.stop()
        stack = LocalStack(write_project(tmp_path), chaos=Chaos.parse(words, seed), **options)
        stacks.append(stack.start())
        return stack

    yield start
    for stack in stacks:
        stack.stop()


def client(stack: LocalStack, service: str, attempts: int) -> Any:
    """Return a client like that of handlers, with a number of attempts."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # the stubs want each name spelt out
        endpoint_url=stack.storage.url if service == "s3" else stack.server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


def send(stack: LocalStack, *message_bodies: int) -> None:
    url = stack.client("sqs").get_queue_url(QueueName=stack.name("WorkQueue"))["QueueUrl"]
    for body in message_bodies:
        stack.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))


def taken(stack: LocalStack) -> list[int]:
    """Return the bodies that the function received, in order."""
    events = remembered(stack, "WorkFunction", "SEEN")
    return [json.loads(record["body"]) for event in events for record in event["Records"]]


def put(stack: LocalStack, *names: str) -> None:
    for number, name in enumerate(names):
        item = {"id": {"S": name}, "n": {"N": str(number)}}
        stack.client("dynamodb").put_item(TableName=stack.name("ThingsTable"), Item=item)


def changes(stack: LocalStack) -> list[tuple[str, int]]:
    """Return item and number of each change that the function received, in order."""
    events = remembered(stack, "PublishFunction", "SEEN")
    images = [one["dynamodb"]["NewImage"] for event in events for one in event["Records"]]
    return [(image["id"]["S"], int(image["n"]["N"])) for image in images]


def test_chaos_is_set_by_words_and_a_seed() -> None:
    chaos = Chaos.from_environment({"CHAOS": "throttle, delay", "CHAOS_SEED": "12"})
    assert chaos == Chaos(frozenset({Fault.THROTTLE, Fault.DELAY}), 12)
    assert str(chaos) == "CHAOS=delay,throttle CHAOS_SEED=12"
    assert Chaos.parse(ALL).faults == frozenset(Fault)
    assert Chaos.from_environment({"CHAOS_SEED": "12"}) is NO_FAULTS
    assert not NO_FAULTS


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"CHAOS": "delay,havoc"}, "duplicate, reorder, delay, throttle, crash, not 'havoc'"),
        ({"CHAOS": "delay", "CHAOS_SEED": "seven"}, "CHAOS_SEED is a whole number, not 'seven'"),
        ({"CHAOS": "delay", "CHAOS_SEED": "-1"}, "CHAOS_SEED is a whole number, not '-1'"),
    ],
)
def test_an_unknown_fault_is_an_error_that_lists_the_known_ones(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ChaosError, match=message):
        Chaos.from_environment(environment)


def everything_at_once(stack: LocalStack) -> tuple[list[str], list[int], list[tuple[str, int]]]:
    stack.reset()
    for function in stack.resources.functions:
        remembered(stack, function.logical_id, "SEEN").clear()
    send(stack, *range(12))
    put(stack, *"abcabcdde")
    caller = client(stack, "dynamodb", attempts=1)
    for _ in range(20):
        with suppress(ClientError):
            caller.list_tables()
    caller.close()
    stack.settle(retries=True)
    return stack.faults.injected, taken(stack), changes(stack)


def test_a_seed_repeats_its_run(started: Any) -> None:
    stack = started(ALL, 7)
    first = everything_at_once(stack)
    assert len(first[0]) > 10
    assert everything_at_once(stack) == first
    again = everything_at_once(started(ALL, 7))
    assert again == first
    assert everything_at_once(started(ALL, 8)) != first


def test_runs_of_one_seed_differ_by_their_name(started: Any) -> None:
    stack = started(ALL, 7)
    first = everything_at_once(stack)
    stack.faults.run = "another test"
    assert everything_at_once(stack) != first


def test_without_chaos_there_are_no_faults(small: LocalStack) -> None:
    send(small, *range(6))
    put(small, *"ab")
    small.settle()
    assert taken(small) == list(range(6))
    assert small.faults.injected == []


def test_duplicates_are_delivered_twice_and_nothing_is_lost(started: Any) -> None:
    stack = started("duplicate")
    send(stack, *range(20))
    put(stack, *"abcdefgh")
    stack.settle()
    assert set(taken(stack)) == set(range(20))
    assert len(taken(stack)) > 20
    assert len(changes(stack)) > len(set(changes(stack))) == 8
    for number in range(6):
        stack.client("s3").put_object(
            Bucket=stack.name("KeepBucket"), Key=f"in/{number}", Body=b"a"
        )
    assert len(stack.messages("WorkQueue")) > 6


def test_only_the_changes_of_one_item_keep_their_order(started: Any) -> None:
    stack = started("reorder")
    send(stack, *range(9))
    put(stack, *"abcdabcdabcd")
    stack.settle()
    assert sorted(taken(stack)) == list(range(9)) != taken(stack)
    delivered = changes(stack)
    assert len(delivered) == 12
    assert delivered != sorted(delivered, key=lambda change: change[1])
    for name in "abcd":
        numbers = [number for item, number in delivered if item == name]
        assert numbers == sorted(numbers)


def test_delayed_deliveries_come_after_the_clock_has_moved(started: Any) -> None:
    stack = started("delay")
    send(stack, *range(12))
    put(stack, *"abcdefghijkl")
    stack.settle()
    assert 0 < len(taken(stack)) < 12
    stack.settle(retries=True)
    assert sorted(taken(stack)) == list(range(12))
    assert len(changes(stack)) == 12


@pytest.mark.parametrize(
    ("service", "service_name", "operation"),
    [
        ("dynamodb", "DynamoDB", "list_tables"),
        ("sqs", "SQS", "list_queues"),
        ("events", "EventBridge", "list_event_buses"),
        ("s3", "S3", "list_buckets"),
    ],
)
def test_calls_fail_with_the_errors_of_each_service(
    started: Any, service: str, service_name: str, operation: str
) -> None:
    stack = started("throttle")
    caller = client(stack, service, attempts=1)
    codes: list[str] = []
    for _ in range(100):
        try:
            getattr(caller, operation)()
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    caller.close()
    assert set(codes) == {error.code for error in SERVICE_ERRORS[service_name]}
    for _ in range(20):
        getattr(stack.client(service), operation)()  # the stack's own are let through


def test_the_retries_of_an_sdk_are_enough_except_in_an_outage(started: Any) -> None:
    stack = started("throttle")
    caller = client(stack, "dynamodb", attempts=5)
    failed = 0
    for _ in range(100):
        try:
            caller.list_tables()
        except ClientError:
            failed += 1
    caller.close()
    assert len(stack.faults.injected) > 2 * OUTAGE_LENGTH
    assert 0 < failed <= 2


def test_a_transaction_is_cancelled_with_a_reason_for_each_item(started: Any) -> None:
    stack = started("throttle")
    caller = client(stack, "dynamodb", attempts=1)
    reasons = []
    for number in range(120):
        puts = [
            {"Put": {"TableName": stack.name("ThingsTable"), "Item": {"id": {"S": f"{name}"}}}}
            for name in (number, f"{number}'")
        ]
        try:
            caller.transact_write_items(TransactItems=puts)
        except ClientError as error:
            if error.response["Error"]["Code"] == "TransactionCanceledException":
                reasons_of_error: Any = error.response["CancellationReasons"]
                reasons.append([reason["Code"] for reason in reasons_of_error])
                assert (
                    not stack.client("dynamodb")
                    .get_item(TableName=stack.name("ThingsTable"), Key={"id": {"S": f"{number}"}})
                    .get("Item")
                )
    caller.close()
    assert reasons
    assert all(one == ["ThrottlingError", "None"] for one in reasons)


def test_the_bus_rejects_single_entries(started: Any) -> None:
    stack = started("throttle")
    entry = {
        "Source": "here", "DetailType": "Said", "Detail": "{}", "EventBusName": stack.name("Bus"),
    }  # fmt: skip
    responses = [stack.client("events").put_events(Entries=[entry] * 10) for _ in range(5)]
    failed = sum(response["FailedEntryCount"] for response in responses)
    assert 0 < failed < 50
    assert len(stack.bus_events) == 50 - failed


def test_a_handler_is_killed_between_two_calls_but_not_too_often(
    started: Any, tmp_path: Path
) -> None:
    write_project(tmp_path, web=CALLING_HANDLER)
    stack = LocalStack(tmp_path / "template.yaml", chaos=Chaos.parse("crash", 7))
    with stack:
        outcomes = [stack.invoke("WebFunction", {"calls": 5}) for _ in range(60)]
    died = [number for number, outcome in enumerate(outcomes) if outcome.failed]
    assert {outcomes[number].error_type for number in died} == {"Runtime.ExitError"}
    assert died
    between = [later - earlier for earlier, later in pairwise(died)]
    assert all(number > MIN_INVOCATIONS_BETWEEN_KILLS for number in between)


def test_a_crashed_process_is_replaced(tmp_path: Path) -> None:
    template = write_project(tmp_path, web=CALLING_HANDLER)
    with LocalStack(template, chaos=Chaos.parse("crash", 7), in_process=False) as stack:
        outcomes = [stack.invoke("WebFunction", {"calls": 25}) for _ in range(8)]
    ends = {outcome.error_type for outcome in outcomes}
    assert ends == {None, "Runtime.ExitError"}
    messages = [outcome.error_message for outcome in outcomes if outcome.failed]
    assert all(message.endswith("exit status 137") for message in messages)


def test_the_banner_shows_the_faults_and_the_seed(started: Any) -> None:
    lines = list(banner(started("delay,crash", 12), "http://localhost:8081"))
    assert "chaos      CHAOS=delay,crash CHAOS_SEED=12" in lines


def test_each_fault_is_reported() -> None:
    reported: list[str] = []
    faults = FaultInjector(Chaos.parse("delay", 1), reported.append)
    for _ in range(20):
        faults.delay_seconds("a queue")
    assert reported == [f"chaos: {line}" for line in faults.injected]
    assert reported

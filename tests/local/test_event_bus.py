"""The event bus: rules, targets, retries and dead letters."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.clock import StackClock
from local.eventbridge.bus import Bus
from local.faults.fault_injection import FaultInjector
from local.reports import Reports
from local.resources import Resources, RetryPolicy, Rule, Target
from local.stack import LocalStack
from tests.local.project import remembered


def call(stack: LocalStack, detail: Any, **entry: Any) -> Any:
    response = stack.client("events").put_events(
        Entries=[
            {
                "Source": "here",
                "DetailType": "Called",
                "Detail": detail if isinstance(detail, str) else json.dumps(detail),
                "EventBusName": stack.name("Bus"),
                **entry,
            }
        ]
    )
    return response["Entries"][0]


def test_an_event_reaches_the_function_of_its_rule(small: LocalStack) -> None:
    assert call(small, {"n": 1})["EventId"]
    call(small, {"n": 2}, DetailType="Whispered")
    small.settle()
    [event] = remembered(small, "ListenFunction", "SEEN")
    assert event == small.bus_events[0]
    assert (event["source"], event["detail-type"], event["detail"]) == (
        "here",
        "Called",
        {"n": 1},
    )
    assert [one["detail"]["n"] for one in small.bus_events] == [1, 2]


@pytest.mark.parametrize("detail", ["not json", "[1]"])
def test_malformed_entries_are_refused_one_by_one(small: LocalStack, detail: str) -> None:
    assert call(small, detail)["ErrorCode"] == "MalformedDetail"


def test_a_source_of_aws_is_refused(small: LocalStack) -> None:
    entry: Any = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": "{}"}
    [response] = small.client("events").put_events(Entries=[entry])["Entries"]
    assert response["ErrorCode"] == "NotAuthorizedForSourceException"
    assert small.bus_events == []


def test_an_event_keeps_the_time_that_it_was_given(small: LocalStack) -> None:
    call(small, {}, Time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert small.bus_events[0]["time"] == "2026-01-02T03:04:05Z"


def test_too_large_an_entry_is_refused(small: LocalStack) -> None:
    with pytest.raises(ClientError, match="over the limit"):
        call(small, {"text": "x" * 262_144})


def test_a_failed_invocation_is_retried_after_a_minute_and_becomes_a_dead_letter(
    small: LocalStack,
) -> None:
    remembered(small, "ListenFunction", "PLAN").extend([ValueError("no"), ValueError("no")])
    call(small, {})
    small.settle()
    small.clock.advance(timedelta(seconds=59))
    small.settle()
    assert len(remembered(small, "ListenFunction", "SEEN")) == 1
    small.clock.advance(timedelta(seconds=2))
    small.settle()
    assert len(remembered(small, "ListenFunction", "SEEN")) == 2
    [letter] = small.messages("DeadQueue")
    assert letter["requestContext"]["approximateInvokeCount"] == 2
    assert letter["requestPayload"]["detail-type"] == "Called"
    assert letter["responsePayload"] == {"errorType": "ValueError", "errorMessage": "no"}


def test_an_event_that_a_target_refuses_goes_to_the_rules_dead_letter_queue() -> None:
    sent: list[str] = []
    labels: list[Mapping[str, str] | None] = []

    def send(queue: str, _body: str, attributes: Mapping[str, str] | None = None) -> None:
        sent.append(queue)
        labels.append(attributes)
        if queue == "broken":
            raise OSError("broken")

    target = Target(
        "only",
        "arn:aws:sqs:us-east-1:123456789012:broken",
        RetryPolicy(1, 60, "arn:aws:sqs:us-east-1:123456789012:dead"),
    )
    rule = Rule("R", "r", "default", {"source": ["a"]}, True, (target,))
    bus = Bus(
        Resources(rules=(rule,)),
        send,
        lambda _function, _event: None,
        StackClock(),
        Reports(),
        FaultInjector(),
    )
    bus.publish("default", {"source": "a"})
    assert sent == ["broken", "broken", "dead"]
    assert labels[-1] == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/r",
        "TARGET_ARN": target.arn,
    }


def test_following_yields_past_and_new_events(small: LocalStack) -> None:
    call(small, {"n": 1})
    stop = threading.Event()
    following = small.bus.follow(stop, pause_seconds=0.01)
    first = next(following)
    assert first is not None
    assert first["detail"] == {"n": 1}
    assert next(following) is None
    call(small, {"n": 2})
    second = next(one for one in following if one is not None)
    assert second["detail"] == {"n": 2}
    stop.set()
    assert list(following) in ([], [None])

"""Handlers killed between any two AWS calls, and events delivered twice or in reverse order.

At the end there is one record and one object, and housekeeping has removed everything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from coffer.settings import store_settings
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import (
    describe,
    let_time_pass,
    multipart,
    post,
    presigned_post,
    record,
    unique_events,
    upload,
)
from tests.api.images import jpeg, png

BODY = jpeg()
MANY = 40
"""More AWS calls than any of these runs makes. A test ends when its run is no longer killed."""
STRIDE = 9
"""With CHAOS runs are longer, so each seed kills at some of the calls only."""


def _calls_to_kill(stack: LocalStack) -> range:
    """Return the numbers of the calls before which to kill a run."""
    if chaos := stack.faults.chaos:
        return range(chaos.seed % STRIDE, 5 * MANY, STRIDE)
    return range(MANY)


def _require_kills(stack: LocalStack, number: int, least: int) -> None:
    """Assert that the run made at least that many calls, unless CHAOS ended it before."""
    assert stack.faults.chaos or number >= least


def _has_one_record_and_one_object(stack: LocalStack, identifier: str) -> None:
    assert _are_whole(stack) == [identifier]


def _are_whole(stack: LocalStack) -> list[str]:
    """Assert that every record has its object and its thumbnail, and that nothing else exists."""
    # If the store ignores conditions on copies, the claim is part of the key.
    claim = "" if store_settings.copy_conditions else f"-{hashlib.md5(BODY).hexdigest()}"
    identifiers, expected = [], []
    for item in stack.items("UploadsTable"):
        identifier = str(item["fileIdentifier"])
        found = record(stack, identifier)
        assert found["uploadStatus"] == "AVAILABLE"
        assert found["sha1Hex"] == hashlib.sha1(BODY).hexdigest()
        assert found["thumbnailStatus"] == "READY"
        assert stack.request("GET", f"/api/v1/file/mybucket/{identifier}").body == BODY
        identifiers.append(identifier)
        expected += [
            f"objects/mybucket/{identifier}{(item.get('sourceEtag') and claim) or ''}.jpg",
            f"thumbnails/mybucket/{found['thumbnailIdentifier']}.jpg",
        ]
    assert stack.keys("ObjectBucket", "") == sorted(expected)
    assert stack.messages("ProcessUploadDeadLetterQueue") == []
    return identifiers


def _tells_each_change_once(stack: LocalStack) -> None:
    audited = [(item["instanceId"], int(item["version"])) for item in stack.items("AuditTable")]
    assert len(audited) == len(set(audited))
    told = [event["detail"] for event in unique_events(stack)]
    kinds = sorted(str(d.get("operation") or d["thumbnailStatus"]) for d in told)
    assert kinds == ["READY", "created"]


@pytest.mark.parametrize("reversed_and_twice", [False, True])
def test_processing_killed_at_any_call_ends_the_same(
    stack: LocalStack, aws_calls: AwsCalls, reversed_and_twice: bool
) -> None:
    for fatal in _calls_to_kill(stack):
        stack.reset()
        stack.faults.copies = 2 if reversed_and_twice else 1
        stack.faults.newest_first = reversed_and_twice
        offered = presigned_post(stack)
        assert post(offered, BODY) == 201
        aws_calls.kill_before(fatal)
        stack.settle(retries=True)
        killed = aws_calls.killed
        aws_calls.stop()
        let_time_pass(stack)
        _has_one_record_and_one_object(stack, offered["fileIdentifier"])
        _tells_each_change_once(stack)
        if not killed:
            _require_kills(stack, fatal, 11)
            return
    pytest.fail("the run never got to its end")


def test_an_upload_whose_event_is_lost_after_a_kill_is_completed_by_housekeeping(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    for fatal in _calls_to_kill(stack):
        stack.reset()
        offered = presigned_post(stack)
        assert post(offered, BODY) == 201
        event = _lose_the_message(stack)
        aws_calls.kill_before(fatal)
        stack.invoke("ProcessUploadFunction", _batch(event))
        killed = aws_calls.killed
        aws_calls.stop()
        let_time_pass(stack)
        _has_one_record_and_one_object(stack, offered["fileIdentifier"])
        if not killed:
            _require_kills(stack, fatal, 6)
            return
    pytest.fail("the run never got to its end")


def test_an_upload_through_the_api_killed_at_any_call_is_complete_or_absent(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    headers, form = multipart(BODY, name="a.jpg", media_type="image/jpeg")
    for fatal in _calls_to_kill(stack):
        stack.reset()
        aws_calls.kill_before(fatal)
        response = stack.request("POST", "/api/v1/file/mybucket", headers=headers, body=form)
        killed = aws_calls.killed
        aws_calls.stop()
        assert (response.status == 500) is killed
        let_time_pass(stack)
        stored = _are_whole(stack)
        if not stored:
            assert stack.bus_events == []
        if not stack.faults.chaos:
            # A client that repeats a request without an Idempotency-Key may create both.
            assert len(stored) <= 1
        if not killed:
            _require_kills(stack, fatal, 4)
            return
    pytest.fail("the run never got to its end")


def test_metadata_killed_at_any_call_is_created_or_absent(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    for fatal in _calls_to_kill(stack):
        stack.reset()
        identifier = upload(stack, png()).json()["fileIdentifier"]
        stack.settle()
        aws_calls.kill_before(fatal)
        response = describe(stack, identifier)
        killed = aws_calls.killed
        aws_calls.stop()
        stack.settle(retries=True)
        [claimed] = [
            item.get("claimedBy")
            for item in stack.items("UploadsTable")
            if item["fileIdentifier"] == identifier
        ]
        if response.status == 201:
            assert claimed == f"metadata/{response.json()['data']['id']}"
        else:
            assert claimed is None
            assert stack.items("MetadataTable") == stack.items("DerivativesTable") == []
        if not killed:
            return
    pytest.fail("the run never got to its end")


Moment = Callable[[LocalStack, dict[str, Any], AwsCalls], None]


def _before_promotion(stack: LocalStack, offered: dict[str, Any], calls: AwsCalls) -> None:
    assert post(offered, png()) == 201
    stack.settle(retries=True)


def _after_promotion(stack: LocalStack, offered: dict[str, Any], calls: AwsCalls) -> None:
    stack.settle(retries=True)
    # A retry may take longer than the form is valid.
    is_over = stack.clock.now() > datetime.fromisoformat(offered["upload"]["expires"])
    assert post(offered, png()) == (403 if is_over else 201)
    stack.settle(retries=True)


@pytest.mark.parametrize("moment", [_before_promotion, _after_promotion])
def test_other_bytes_sent_with_the_same_form_never_replace_the_file(
    stack: LocalStack, aws_calls: AwsCalls, moment: Moment
) -> None:
    offered = presigned_post(stack)
    assert post(offered, BODY) == 201
    moment(stack, offered, aws_calls)
    let_time_pass(stack)
    _record_and_bytes_agree(stack, offered["fileIdentifier"])


def test_other_bytes_sent_between_any_two_calls_never_replace_the_file(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    other = png()
    for moment in _calls_to_kill(stack):
        stack.reset()
        offered = presigned_post(stack)
        assert post(offered, BODY) == 201
        posted = aws_calls.interrupt_before(moment, partial(post, offered, other))
        stack.settle(retries=True)
        reached = bool(posted)
        aws_calls.stop()
        let_time_pass(stack)
        _record_and_bytes_agree(stack, offered["fileIdentifier"])
        if not reached:
            _require_kills(stack, moment, 11)
            return
    pytest.fail("the run never got to its end")


def test_another_run_and_other_bytes_between_any_two_calls_lose_no_file(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    for moment in _calls_to_kill(stack):
        stack.reset()
        offered = presigned_post(stack)
        assert post(offered, BODY) == 201
        event = _lose_the_message(stack)

        def meanwhile(event: str = event, offered: dict[str, Any] = offered) -> None:
            stack.invoke("ProcessUploadFunction", _batch(event))
            assert post(offered, png()) == 201

        done = aws_calls.interrupt_before(moment, meanwhile)
        stack.invoke("ProcessUploadFunction", _batch(event))
        aws_calls.stop()
        stack.settle(retries=True)
        let_time_pass(stack)
        _record_and_bytes_agree(stack, offered["fileIdentifier"])
        if not done:
            _require_kills(stack, moment, 6)
            return
    pytest.fail("the run never got to its end")


def _record_and_bytes_agree(stack: LocalStack, identifier: str) -> None:
    [item] = stack.items("UploadsTable")
    assert item["fileIdentifier"] == identifier
    found = record(stack, identifier)
    assert stack.keys("ObjectBucket", "incoming/") == []
    stored = stack.keys("ObjectBucket", "objects/")
    if found["uploadStatus"] == "REJECTED":
        assert found["rejectionReason"]["code"] == "source_replaced"
        assert stored == []
        return
    assert len(stored) == 1
    body = stack.request("GET", f"/api/v1/file/mybucket/{identifier}").body
    assert body in (BODY, png())
    assert found["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert found["sizeInBytes"] == len(body)
    assert found["detectedMediaType"] == ("image/jpeg" if body == BODY else "image/png")


def _lose_the_message(stack: LocalStack) -> str:
    """Remove all copies of the message from the queue and return its body."""
    sqs, queue = stack.client("sqs"), stack.name("ProcessUploadQueue")
    stack.clock.advance(timedelta(minutes=1))
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return str(messages[0]["Body"])


def _batch(body: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": "7b2a8c1e-1df6-4c5a-9d55-0d7c7a1f3e6b",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
                "awsRegion": "us-east-1",
            }
        ]
    }

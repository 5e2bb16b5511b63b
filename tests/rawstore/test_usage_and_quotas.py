"""Storage in use is recorded from S3 events, and `authorize` enforces the limits.

The table is looked at from outside only to compare; what counts is which pushes are let through.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffer.adapters import http_connections as connections
from coffer.adapters.http_connections import ConnectionPool, HttpResponse
from coffer.domain.rawstore.permissions import Permissions
from coffer.domain.rawstore.quotas import Quota, Totals
from coffer.domain.rawstore.usage import Usage, sortable_sequencer, total_changes
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls, aws_calls
from tests.rawstore.requests import authorize, describe, error_of, files_of, package, post

__all__ = ["aws_calls"]

MB = 1_000_000
LIMITS = {"max_public_storage_mb": 1, "max_private_storage_mb": 1}


def body_of(size: int, letter: str = "x") -> bytes:
    return letter.encode() * size


def ask(
    stack: LocalStack,
    files: Mapping[str, bytes],
    *,
    limits: Mapping[str, Any] = LIMITS,
    user: str = "u1",
    **metadata: Any,
) -> Response:
    """Request forms with a token that has limits."""
    described = {path: describe(body) for path, body in files.items()}
    request = package(described, **{"owner": user, **metadata})
    return authorize(stack, request, user=user, permissions=limits)


def push(stack: LocalStack, files: Mapping[str, bytes], **more: Any) -> None:
    """Push files as a client does: existing files are skipped."""
    for path, file in files_of(ask(stack, files, **more)).items():
        if not file["exists"]:
            assert post(file, files[path]) in (200, 201, 204)


def delete(stack: LocalStack, key: str) -> None:
    stack.client("s3").delete_object(Bucket=stack.name("RawstoreBucket"), Key=key)


def used(stack: LocalStack, owner: str = "u1") -> tuple[int, int]:
    """Return an owner's public and private bytes."""
    for item in stack.items("UsageTable"):
        if item["usageId"] == f"owner/{owner}":
            return int(item["publicBytes"]), int(item["privateBytes"])
    return 0, 0


def assert_usage_is_correct(stack: LocalStack) -> None:
    """Assert that totals are the sums of the usage, and that usage equals the bucket."""
    s3, bucket = stack.client("s3"), stack.name("RawstoreBucket")
    stored: dict[str, tuple[str | None, str, int]] = {}
    for key in stack.keys("RawstoreBucket"):
        head = s3.head_object(Bucket=bucket, Key=key)
        meta = head["Metadata"]
        visibility = "private" if meta.get("findability") == "private" else "public"
        stored[key] = (meta.get("owner"), visibility, head["ContentLength"])
    items = stack.items("UsageTable")
    entries = {
        item["usageId"].removeprefix("object/"): (
            item.get("owner"),
            item["visibility"],
            int(item["sizeInBytes"]),
        )
        for item in items
        if item["usageId"].startswith("object/") and "expiresAt" not in item
    }
    assert entries == stored
    for owner in {owner for owner, _, _ in stored.values() if owner} | {"u1", "u2"}:
        sums = [
            sum(size for whose, how, size in stored.values() if (whose, how) == (owner, visibility))
            for visibility in ("public", "private")
        ]
        assert used(stack, owner) == tuple(sums), owner


class TestUsage:
    def test_creation_replacement_and_deletion_change_the_totals(self, stack: LocalStack) -> None:
        push(stack, {"a.csv": body_of(100), "b.csv": body_of(20)})
        stack.settle()
        assert used(stack) == (120, 0)

        push(stack, {"a.csv": body_of(300)})
        stack.settle()
        assert used(stack) == (320, 0)

        delete(stack, "u1/d/b.csv")
        stack.settle()
        assert used(stack) == (300, 0)
        assert_usage_is_correct(stack)

    def test_public_and_private_files_are_counted_apart(self, stack: LocalStack) -> None:
        push(stack, {"a.csv": body_of(100)})
        push(stack, {"b.csv": body_of(20)}, findability="private")
        stack.settle()
        assert used(stack) == (100, 20)

        push(stack, {"a.csv": body_of(100)}, findability="private")
        stack.settle()
        assert used(stack) == (0, 120)
        assert_usage_is_correct(stack)

    @pytest.mark.parametrize("private", ["private", "Private", "PRIVATE"])
    def test_the_word_private_in_any_case_makes_a_file_private(
        self, stack: LocalStack, private: str
    ) -> None:
        push(stack, {"a.csv": body_of(10)}, findability="unlisted")
        push(stack, {"b.csv": body_of(5)}, findability=private)
        stack.settle()

        assert used(stack) == (10, 5)
        assert files_of(ask(stack, {"b.csv": body_of(5)}, findability="private"))["b.csv"]["exists"]

    def test_each_owner_has_totals(self, stack: LocalStack) -> None:
        push(stack, {"a.csv": body_of(100)})
        push(stack, {"a.csv": body_of(7)}, user="u2")
        stack.settle()

        assert (used(stack), used(stack, "u2")) == ((100, 0), (7, 0))
        assert_usage_is_correct(stack)

    def test_a_repeated_event_counts_once(self, stack: LocalStack) -> None:
        stack.faults.copies = 2
        push(stack, {"a.csv": body_of(100)})
        stack.settle()
        push(stack, {"a.csv": body_of(30)}, findability="private")
        stack.settle()
        delete(stack, "u1/d/a.csv")
        push(stack, {"b.csv": body_of(1)})
        stack.settle()

        assert used(stack) == (1, 0)
        assert_usage_is_correct(stack)

    @pytest.mark.parametrize("copies", [1, 2])
    def test_events_in_reverse_order_give_the_same_totals(
        self, stack: LocalStack, copies: int
    ) -> None:
        stack.faults.newest_first = True
        stack.faults.copies = copies
        push(stack, {"a.csv": body_of(100)})
        push(stack, {"a.csv": body_of(30)}, findability="private")
        push(stack, {"b.csv": body_of(5)})
        delete(stack, "u1/d/b.csv")
        push(stack, {"c.csv": body_of(9)})
        delete(stack, "u1/d/c.csv")
        push(stack, {"c.csv": body_of(9)})

        stack.settle(retries=True)

        assert used(stack) == (9, 30)
        assert_usage_is_correct(stack)
        assert stack.failures == []

    def test_a_late_event_changes_nothing(self, stack: LocalStack) -> None:
        push(stack, {"a.csv": body_of(100)})
        [created] = stack.messages("RecordUsageQueue")
        delete(stack, "u1/d/a.csv")
        stack.settle()
        push(stack, {"a.csv": body_of(100)}, findability="private")
        stack.settle()

        deliver(stack, created)

        assert used(stack) == (0, 100)
        assert_usage_is_correct(stack)

    def test_a_deletion_that_arrives_after_an_older_creation_counts(
        self, stack: LocalStack
    ) -> None:
        """The creation has described the object, and is written after the deletion."""
        push(stack, {"a.csv": body_of(100)})
        [created] = stack.messages("RecordUsageQueue")
        delete(stack, "u1/d/a.csv")
        stack.settle()
        [trace] = stack.items("UsageTable")
        assert (trace["usageId"], int(trace["sizeInBytes"])) == ("object/u1/d/a.csv", 0)

        stack.client("s3").put_object(
            Bucket=stack.name("RawstoreBucket"),
            Key="u1/d/a.csv",
            Body=body_of(100),
            Metadata={"owner": "u1"},
        )
        deliver(stack, created)
        assert used(stack) == (0, 0)
        stack.settle()
        assert_usage_is_correct(stack)

    def test_the_shorter_of_two_sequencers_is_padded_on_the_right(self, stack: LocalStack) -> None:
        """The deletion happened last: 0x0A and 0x09F, read with zeros behind them."""
        push(stack, {"a.csv": body_of(100)})
        created = take(stack)
        delete(stack, "u1/d/a.csv")
        deleted = take(stack)
        stack.client("s3").put_object(
            Bucket=stack.name("RawstoreBucket"),
            Key="u1/d/a.csv",
            Body=body_of(100),
            Metadata={"owner": "u1"},
        )
        take(stack)
        created["detail"]["object"]["sequencer"] = "009F"
        deleted["detail"]["object"]["sequencer"] = "00A"

        deliver(stack, created, deleted)

        assert used(stack) == (0, 0)

    def test_the_tombstone_of_a_deleted_file_expires_after_all_its_events(
        self, stack: LocalStack
    ) -> None:
        push(stack, {"a.csv": body_of(100)})
        delete(stack, "u1/d/a.csv")
        stack.settle()

        stack.clock.advance(timedelta(days=29))
        assert stack.sweep_expired() == 0
        stack.clock.advance(timedelta(days=2))
        assert stack.sweep_expired() == 1

    def test_an_object_without_a_form_has_no_owner(self, stack: LocalStack) -> None:
        push(stack, {"a.csv": body_of(100)})
        stack.settle()
        stack.client("s3").put_object(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/a.csv", Body=b"replaced by hand"
        )
        stack.settle()

        assert used(stack) == (0, 0)
        assert_usage_is_correct(stack)

    def test_a_shared_key_counts_for_the_latest_owner(self, stack: LocalStack) -> None:
        bucket, s3 = stack.name("RawstoreBucket"), stack.client("s3")
        for owner, size in (("u1", 10), ("u2", 10), ("u1", 30)):
            s3.put_object(
                Bucket=bucket, Key="shared.csv", Body=body_of(size), Metadata={"owner": owner}
            )
            stack.settle()
            other = {"u1": "u2", "u2": "u1"}[owner]
            assert (used(stack, owner), used(stack, other)) == ((size, 0), (0, 0))
        assert_usage_is_correct(stack)

    def test_names_in_any_script_are_counted(self, stack: LocalStack) -> None:
        push(stack, {"é/表 1+&=%41.csv": body_of(100)})
        stack.settle()

        assert used(stack) == (100, 0)
        assert_usage_is_correct(stack)

    def test_multipart_uploads_and_copies_are_counted(self, stack: LocalStack) -> None:
        bucket, s3 = stack.name("RawstoreBucket"), stack.client("s3")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="u1/big", Metadata={"owner": "u1"})
        part = {"Bucket": bucket, "Key": "u1/big", "UploadId": upload["UploadId"]}
        response = s3.upload_part(**part, PartNumber=1, Body=body_of(1000))
        parts = [{"PartNumber": 1, "ETag": response["ETag"]}]
        s3.complete_multipart_upload(**part, MultipartUpload={"Parts": parts})
        s3.copy_object(Bucket=bucket, Key="u1/copy", CopySource={"Bucket": bucket, "Key": "u1/big"})
        stack.settle()

        assert used(stack) == (2000, 0)
        assert_usage_is_correct(stack)

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["a.csv", "b.csv"]),
                st.sampled_from(["u1", "u2"]),
                st.sampled_from(["published", "private", "delete"]),
                st.integers(0, 3),
                st.booleans(),
            ),
            max_size=8,
        ),
        copies=st.integers(1, 2),
        newest_first=st.booleans(),
    )
    def test_any_events_in_any_order_give_correct_totals(
        self,
        stack: LocalStack,
        steps: list[tuple[str, str, str, int, bool]],
        copies: int,
        newest_first: bool,
    ) -> None:
        stack.reset()
        stack.faults.copies, stack.faults.newest_first = copies, newest_first
        s3, bucket = stack.client("s3"), stack.name("RawstoreBucket")
        for key, owner, what, size, settles in steps:
            if what == "delete":
                s3.delete_object(Bucket=bucket, Key=key)
            else:
                meta = {"owner": owner, "findability": what}
                s3.put_object(Bucket=bucket, Key=key, Body=body_of(size), Metadata=meta)
            if settles:
                stack.settle()

        stack.settle(retries=True)

        assert_usage_is_correct(stack)
        assert stack.messages("RecordUsageDeadLetterQueue") == []


class TestKills:
    def test_a_function_killed_at_any_call_gives_the_same_totals(
        self, stack: LocalStack, aws_calls: AwsCalls
    ) -> None:
        for fatal in range(40):
            stack.reset()
            stack.faults.copies = 2
            push(stack, {"a.csv": body_of(100)})
            push(stack, {"a.csv": body_of(30)}, findability="private")
            push(stack, {"b.csv": body_of(5)})
            delete(stack, "u1/d/b.csv")
            aws_calls.kill_before(fatal)
            stack.settle(retries=True)
            killed = aws_calls.killed
            aws_calls.stop()
            assert used(stack) == (0, 30)
            assert_usage_is_correct(stack)
            if not killed:
                assert fatal >= 6  # the function makes at least this many calls
                return
        pytest.fail("the function never finished")

    def test_an_event_between_any_two_calls_does_no_harm(
        self, stack: LocalStack, aws_calls: AwsCalls
    ) -> None:
        for moment in range(40):
            stack.reset()
            push(stack, {"a.csv": body_of(100)})
            first = take(stack)
            push(stack, {"a.csv": body_of(30)}, findability="private")
            second = take(stack)
            delete(stack, "u1/d/a.csv")
            third = take(stack)
            push(stack, {"a.csv": body_of(100)})
            fourth = take(stack)
            done = aws_calls.interrupt_before(moment, partial(deliver, stack, third, second))
            deliver(stack, first, fourth)
            reached = bool(done)
            aws_calls.stop()
            deliver(stack, second)
            assert used(stack) == (100, 0)
            assert_usage_is_correct(stack)
            if not reached:
                assert moment >= 3
                return
        pytest.fail("the function never finished")

    def test_an_event_is_retried_if_the_store_is_unavailable(
        self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        push(stack, {"a.csv": body_of(100)})
        original = ConnectionPool.request
        unavailable = HttpResponse(503, {}, b"")  # type: ignore[arg-type]  # unused here
        responses = [unavailable] * 3
        monkeypatch.setattr(connections, "PAUSES_SECONDS", (0.0, 0.0))

        def request(self: ConnectionPool, method: str, *arguments: Any) -> HttpResponse:
            if method == "HEAD" and responses:
                return responses.pop()
            return original(self, method, *arguments)

        monkeypatch.setattr(ConnectionPool, "request", request)
        stack.settle()
        assert used(stack) == (0, 0)

        stack.settle(retries=True)
        assert used(stack) == (100, 0)
        assert_usage_is_correct(stack)


def take(stack: LocalStack) -> Any:
    """Remove the only message from the queue and return its event."""
    sqs, queue = stack.client("sqs"), stack.name("RecordUsageQueue")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def deliver(stack: LocalStack, *events: Any) -> None:
    """Invoke the function with these events, one by one."""
    for event in events:
        outcome = stack.invoke("RecordUsageFunction", batch(event))
        assert outcome.payload == {"batchItemFailures": []}


def batch(event: Any) -> dict[str, Any]:
    """Return the invocation for one event."""
    return {
        "Records": [
            {
                "messageId": "7b2a8c1e-1df6-4c5a-9d55-0d7c7a1f3e6b",
                "body": json.dumps(event),
                "attributes": {"ApproximateReceiveCount": "1"},
            }
        ]
    }


class TestLimits:
    def test_the_limit_is_exact_to_a_byte(self, stack: LocalStack) -> None:
        assert ask(stack, {"a": body_of(MB)}).status == 200
        assert error_of(ask(stack, {"a": body_of(MB + 1)})) == (403, "quota_exceeded")
        halves = {"a": body_of(MB // 2), "b": body_of(MB // 2, "y")}
        assert ask(stack, halves).status == 200
        assert error_of(ask(stack, {**halves, "c": b"z"})) == (403, "quota_exceeded")

    def test_used_storage_counts(self, stack: LocalStack) -> None:
        push(stack, {"a": body_of(999_901)})
        stack.settle()

        assert ask(stack, {"b": body_of(99)}).status == 200
        response = ask(stack, {"b": body_of(100)})
        assert error_of(response) == (403, "quota_exceeded")
        message = response.json()["error"]["message"]
        assert message.startswith("Max storage for user exceeded plan limit (1MB)")
        assert "999901 bytes are used" in message
        assert "100 more bytes" in message

    def test_deleted_and_smaller_files_free_storage(self, stack: LocalStack) -> None:
        push(stack, {"a": body_of(600_000), "b": body_of(400_000)})
        stack.settle()
        assert ask(stack, {"c": b"z"}).status == 403

        push(stack, {"b": body_of(0)})
        delete(stack, "u1/d/a")
        stack.settle()
        assert ask(stack, {"c": body_of(MB)}).status == 200

    def test_existing_files_are_not_counted_again(self, stack: LocalStack) -> None:
        files = {"a": body_of(600_000), "b": body_of(400_000)}
        push(stack, files)
        stack.settle()

        again = files_of(ask(stack, files))

        assert [file["exists"] for file in again.values()] == [True, True]
        assert error_of(ask(stack, {**files, "c": b"z"})) == (403, "quota_exceeded")

    def test_an_owner_over_the_limit_can_push_existing_files(self, stack: LocalStack) -> None:
        push(stack, {"a": body_of(600_000)})
        stack.settle()
        smaller = {"max_public_storage_mb": 0.5}

        assert ask(stack, {"a": body_of(600_000)}, limits=smaller).status == 200
        assert ask(stack, {}, limits=smaller).status == 200
        assert ask(stack, {"b": b"1"}, limits=smaller).status == 403

    def test_private_files_count_against_both_limits(self, stack: LocalStack) -> None:
        limits = {"max_public_storage_mb": 3, "max_private_storage_mb": 1}
        push(stack, {"a": body_of(MB)}, findability="private", limits=limits)
        stack.settle()

        over = ask(stack, {"b": b"1"}, findability="private", limits=limits)
        assert error_of(over) == (403, "quota_exceeded")
        assert over.json()["error"]["message"].startswith(
            "Max private storage for user exceeded plan limit (1MB)"
        )
        assert ask(stack, {"b": body_of(2 * MB)}, limits=limits).status == 200
        assert ask(stack, {"b": body_of(2 * MB + 1)}, limits=limits).status == 403

        push(stack, {"b": body_of(2 * MB)}, limits=limits)
        stack.settle()
        assert ask(stack, {"c": b"1"}, limits=limits).status == 403
        delete(stack, "u1/d/a")
        stack.settle()
        assert ask(stack, {"c": body_of(MB)}, findability="private", limits=limits).status == 200

    @pytest.mark.parametrize(
        ("limits", "findability", "status"),
        [
            ({"max_public_storage_mb": 1}, "published", 200),
            ({"max_public_storage_mb": 1}, "private", 403),
            ({"max_private_storage_mb": 1}, "private", 200),
            ({"max_private_storage_mb": 1}, "published", 403),
            ({"max_public_storage_mb": 1, "datapackage-upload": False}, "published", 200),
            ({"max_public_storage_mb": 0, "datapackage-upload": True}, "published", 403),
            ({"max_public_storage_mb": None}, "published", 403),
            ({"max_public_storage_mb": "1"}, "published", 403),
            ({"max_public_storage_mb": True}, "published", 403),
            ({"max_public_storage_mb": -1}, "published", 403),
            ({"max_public_storage_mb": 0.000002}, "published", 200),
            ({"max_public_storage_mb": 0.000001}, "published", 403),
            ({"max_public_storage_mb": 10**30}, "published", 200),
            ({"datapackage-upload": True}, "private", 200),
        ],
    )
    def test_a_missing_limit_is_0_if_the_other_is_set(
        self, stack: LocalStack, limits: dict[str, Any], findability: str, status: int
    ) -> None:
        response = ask(stack, {"a": b"12"}, limits=limits, findability=findability)

        assert response.status == status
        assert ask(stack, {"a": b""}, limits=limits, findability=findability).status == 200

    def test_files_of_other_owners_do_not_count(self, stack: LocalStack) -> None:
        push(stack, {"a": body_of(MB)}, user="u2")
        stack.settle()

        assert ask(stack, {"a": body_of(MB)}).status == 200

    def test_problems_of_files_are_reported_before_the_quota(self, stack: LocalStack) -> None:
        request = package({"..": describe(body_of(2 * MB))})

        response = authorize(stack, request, permissions=LIMITS)

        assert error_of(response) == (400, "bad_files")


class TestLookingUp:
    def answering(
        self, monkeypatch: pytest.MonkeyPatch, *responses: tuple[int, bytes] | Exception
    ) -> list[str]:
        """Let DynamoDB send these responses; return the owners that are requested."""
        left, asked = list(responses), []
        original = ConnectionPool.request

        def request(self: ConnectionPool, method: str, *arguments: Any) -> HttpResponse:
            if method != "POST":
                return original(self, method, *arguments)
            _, _, body = arguments
            asked.append(json.loads(body)["Key"]["usageId"]["S"])
            response = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(response, Exception):
                raise response
            return HttpResponse(response[0], {}, response[1])  # type: ignore[arg-type]  # unused here

        monkeypatch.setattr(ConnectionPool, "request", request)
        monkeypatch.setattr(connections, "PAUSES_SECONDS", (0.0, 0.0))
        return asked

    def test_a_token_without_limits_needs_no_look_up(
        self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = self.answering(monkeypatch, (200, b"{}"))

        assert ask(stack, {"a": b"1"}, limits={"datapackage-upload": True}).status == 200
        assert asked == []

    @pytest.mark.parametrize(
        "unavailable",
        [
            ConnectionResetError(),
            TimeoutError(),
            (500, b""),
            (503, b"<html>"),
            (400, b'{"__type": "com.amazonaws.dynamodb#ProvisionedThroughputExceededException"}'),
            (400, b'{"__type": "com.amazon.coral.availability#ThrottlingException"}'),
        ],
        ids=str,
    )
    def test_temporary_errors_are_retried_and_lasting_ones_reported(
        self,
        stack: LocalStack,
        monkeypatch: pytest.MonkeyPatch,
        unavailable: tuple[int, bytes] | Exception,
    ) -> None:
        item = b'{"Item": {"publicBytes": {"N": "999999"}, "privateBytes": {"N": "0"}}}'
        asked = self.answering(monkeypatch, unavailable, unavailable, (200, item))
        assert ask(stack, {"a": b"1"}).status == 200
        assert asked == ["owner/u1"] * 3

        self.answering(monkeypatch, unavailable)
        response = ask(stack, {"a": b"1"})
        assert error_of(response) == (503, "usage_unavailable")
        assert response.header("retry-after") == "1"

    @pytest.mark.parametrize(
        "unavailable",
        [
            (400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}'),
            (400, b'{"__type": "com.amazon.coral.service#AccessDeniedException"}'),
            (400, b"nonsense"),
        ],
        ids=str,
    )
    def test_an_error_of_the_deployment_is_an_internal_error(
        self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch, unavailable: tuple[int, bytes]
    ) -> None:
        asked = self.answering(monkeypatch, unavailable)

        assert error_of(ask(stack, {"a": b"1"})) == (500, "internal_error")
        assert asked == ["owner/u1"]


class TestRules:
    @pytest.mark.parametrize(
        ("permissions", "quota"),
        [
            ({}, None),
            ({"datapackage-upload": True}, None),
            ({"max_dataset_num": 5}, None),
            ({"max_public_storage_mb": 5}, Quota(5, 0)),
            ({"max_private_storage_mb": 0.5}, Quota(0, 0.5)),
            ({"max_public_storage_mb": 5, "max_private_storage_mb": 2}, Quota(5, 2)),
        ],
    )
    def test_limits_are_parsed_from_the_permissions(
        self, permissions: dict[str, object], quota: Quota | None
    ) -> None:
        assert Permissions("u1", "rawstore", permissions).quota == quota

    @pytest.mark.parametrize("limit", [1e308, float("inf"), 10**400])
    def test_an_infinite_limit_never_refuses(self, limit: float) -> None:
        Quota(limit, limit).require_room(Totals(10**15, 10**15), 10**15, private=False)

    def test_sequencers_of_any_length_sort_as_with_zeros_behind_them(self) -> None:
        in_order = ["0", "00692189B9A1C3E5F7", "1", "100000001", "9", "A", "FE1", "ff"]

        padded = [sortable_sequencer(text) for text in in_order]

        assert padded == sorted(padded)
        assert len(set(padded)) == len(padded)
        assert sortable_sequencer("AB0") == sortable_sequencer("ab")

    def test_an_unchanged_usage_changes_no_totals(self) -> None:
        before = Usage(key="k", sequencer="1", owner="u1", size_bytes=5)
        after = Usage(key="k", sequencer="2", owner="u1", size_bytes=5)

        assert total_changes(before, after) == {}
        assert total_changes(None, after) == {"u1": Totals(5, 0)}
        assert total_changes(before, Usage(key="k", sequencer="2", owner="u2", size_bytes=5)) == {
            "u1": Totals(-5, 0),
            "u2": Totals(5, 0),
        }

"""The same request with the same key happens once, whatever becomes of its first run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local.gateway import Response
from local.stack import LocalStack
from tests.api.clients import JSON_API, derive, multipart, problems, send, upload, upload_derivative
from tests.api.images import png
from tests.api.killing import AwsCalls

KEY = {"Idempotency-Key": "import 2026-11-22/17"}
MANY = 30


def create(stack: LocalStack, *, headers: dict[str, str] = KEY, **attributes: Any) -> Response:
    """POST /api/v1/metadata of something outside."""
    given = {
        "bucket": "mybucket",
        "resourceExternalURL": "https://example.org/a",
        "dcFormat": "text/html",
    }
    data = {"type": "metadata", "attributes": given | attributes}
    return send(stack, "POST", "/api/v1/metadata", data, headers=headers)


def post_file(stack: LocalStack, *, name: str = "a.png", **headers: str) -> Response:
    sent, form = multipart(png(), name=name)
    return stack.request(
        "POST", "/api/v1/file/mybucket", headers={**sent, **KEY, **headers}, body=form
    )


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(stack: LocalStack) -> None:
    first, second = create(stack), create(stack)
    assert (first.status, first.body) == (201, second.body)
    for name in ("location", "etag", "content-type"):
        assert first.header(name) == second.header(name)
    assert len(stack.items("MetadataTable")) == 1


def test_without_a_key_and_with_another_one_everything_is_new(stack: LocalStack) -> None:
    identifiers = {
        create(stack, headers=headers).json()["data"]["id"]
        for headers in (KEY, {}, {}, {"Idempotency-Key": "another"})
    }
    assert len(identifiers) == 4


def test_another_body_under_the_key_is_refused(stack: LocalStack) -> None:
    create(stack)
    answer = create(stack, acCaption="A leaf")
    assert problems(answer) == [("422", "idempotency_key_reused")]
    assert answer.json()["errors"][0]["source"] == {"header": "Idempotency-Key"}


def test_what_was_refused_leaves_the_key_free(stack: LocalStack) -> None:
    assert create(stack, orientation=9).status == 422
    assert create(stack, orientation=8).status == 201


def test_a_key_is_forgotten_after_a_day(stack: LocalStack) -> None:
    first = create(stack).json()["data"]["id"]
    stack.clock.advance(timedelta(hours=23))
    assert create(stack).json()["data"]["id"] == first
    stack.clock.advance(timedelta(hours=2))
    assert create(stack).json()["data"]["id"] != first


@pytest.mark.parametrize("key", ["x" * 256, "Käfer"])
def test_a_key_has_a_form(stack: LocalStack, key: str) -> None:
    answer = create(stack, headers={"Idempotency-Key": key})
    assert problems(answer) == [("400", "malformed_idempotency_key")]


def test_the_same_file_may_be_spelled_by_another_form(stack: LocalStack) -> None:
    first, second = post_file(stack), post_file(stack)
    assert first.status == second.status == 200
    assert first.body == second.body
    assert len(stack.keys("ObjectBucket", "objects/")) == 1
    assert problems(post_file(stack, name="b.png")) == [("422", "idempotency_key_reused")]


def test_a_large_answer_is_kept_in_parts(stack: LocalStack) -> None:
    entries = [
        {
            "type": "metadata",
            "attributes": {
                "bucket": "mybucket",
                "resourceExternalURL": f"https://example.org/{number}",
                "dcFormat": "text/html",
                "notPubliclyReleasableReason": "".join(
                    chr(0x4E00 + number * 7919 % 20_000 + place * place % 900)
                    for place in range(500)
                ),
            },
        }
        for number in range(600)
    ]
    path = "/api/v1/metadata/bulk"
    first = send(stack, "POST", path, entries, headers=KEY)
    second = send(stack, "POST", path, entries, headers=KEY)
    assert first.status == 200
    assert first.body == second.body
    assert len(stack.items("MetadataTable")) == 600


def test_a_run_that_died_anywhere_is_taken_up_by_the_next(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.disturbance.chaos:
        return
    file, derived = "", ""
    for fatal in range(MANY):
        stack.reset()
        file = upload(stack, png()).json()["fileIdentifier"]
        aws_calls.kill_before(fatal)
        _describe(stack, file)
        killed = aws_calls.killed
        aws_calls.stop()
        stack.clock.advance(timedelta(seconds=61))
        answer = _describe(stack, file)
        assert answer.status == 201, answer.text
        [record] = stack.items("MetadataTable")
        assert record["id"] == answer.json()["data"]["id"]
        assert _describe(stack, file).body == answer.body
        if not killed:
            assert fatal > 4
            break
    else:
        pytest.fail("the run never got to its end")
    derived = upload_derivative(stack, png())
    made = derive(stack, derived, record["id"])
    assert made.status == 201


def test_an_upload_that_died_anywhere_is_taken_up_by_the_next(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.disturbance.chaos:
        return
    for fatal in range(MANY):
        stack.reset()
        aws_calls.kill_before(fatal)
        post_file(stack, Accept=JSON_API)
        killed = aws_calls.killed
        aws_calls.stop()
        stack.clock.advance(timedelta(seconds=61))
        answer = post_file(stack, Accept=JSON_API)
        assert answer.status == 201, answer.text
        assert len(stack.keys("ObjectBucket", "objects/")) == 1
        [record] = stack.items("UploadsTable")
        assert record["fileIdentifier"] == answer.json()["data"]["id"]
        assert "duplicate_found" not in answer.text
        if not killed:
            return
    pytest.fail("the run never got to its end")


def test_a_bulk_that_died_behind_its_first_transaction_goes_on(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.disturbance.chaos:
        return
    entries = [
        {
            "type": "metadata",
            "attributes": {
                "bucket": "mybucket",
                "resourceExternalURL": f"https://example.org/{number}",
                "dcFormat": "text/html",
            },
        }
        for number in range(70)
    ]
    for fatal in range(MANY):
        stack.reset()
        aws_calls.kill_before(fatal)
        send(stack, "POST", "/api/v1/metadata/bulk", entries, headers=KEY)
        killed = aws_calls.killed
        aws_calls.stop()
        assert len(stack.items("MetadataTable")) in (0, 30, 60, 70)
        stack.clock.advance(timedelta(seconds=61))
        answer = send(stack, "POST", "/api/v1/metadata/bulk", entries, headers=KEY)
        assert answer.status == 200, answer.text
        assert len(stack.items("MetadataTable")) == 70
        if not killed:
            return
    pytest.fail("the run never got to its end")


def _describe(stack: LocalStack, file: str) -> Response:
    data = {"type": "metadata", "attributes": {"bucket": "mybucket", "fileIdentifier": file}}
    return send(stack, "POST", "/api/v1/metadata", data, headers=KEY)

"""A request with an Idempotency-Key takes effect once, even if its first run was killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import JSON_API, derive, multipart, problems, send, upload, upload_derivative
from tests.api.images import png

KEY = {"Idempotency-Key": "import 2026-11-22/17"}
MANY = 30

Creation = Callable[..., Response]


def create(stack: LocalStack, *, headers: dict[str, str] = KEY, **attributes: Any) -> Response:
    """Send POST /api/v1/metadata for an external resource and return the response."""
    given = {
        "bucket": "mybucket",
        "resourceExternalURL": "https://example.org/a",
        "dcFormat": "text/html",
    }
    data = {"type": "metadata", "attributes": given | attributes}
    return send(stack, "POST", "/api/v1/metadata", data, headers=headers)


def post_file(
    stack: LocalStack, *, name: str = "a.png", bucket: str = "mybucket", **headers: str
) -> Response:
    sent, form = multipart(png(), name=name)
    return stack.request(
        "POST", f"/api/v1/file/{bucket}", headers={**sent, **KEY, **headers}, body=form
    )


def add_attribute(stack: LocalStack, _subject: str, *, kind: str = "STRING") -> Response:
    attributes = {
        "name": "Sheet Condition",
        "vocabularyElementType": kind,
        "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "What it is like."}]},
    }
    return _add(stack, "managed-attribute", attributes)


def add_subtype(stack: LocalStack, _subject: str, *, kind: str = "IMAGE") -> Response:
    return _add(stack, "object-subtype", {"dcType": kind, "acSubtype": "Drawing"})


def export(stack: LocalStack, file: str, *, kind: str = "my export") -> Response:
    return _add(stack, "object-export", {"name": kind, "fileIdentifiers": [file]})


def regenerate(stack: LocalStack, metadata: str, *, kind: str | None = None) -> Response:
    attributes = {"metadataUuid": metadata, "derivativeType": "THUMBNAIL_IMAGE"}
    return _add(stack, "derivative-generation", {**attributes, "derivedFromType": kind})


def _add(stack: LocalStack, kind: str, attributes: dict[str, Any]) -> Response:
    return send(
        stack, "POST", f"/api/v1/{kind}", {"type": kind, "attributes": attributes}, headers=KEY
    )


CREATIONS = {
    add_attribute: ("DATE", "VocabularyTable"),
    add_subtype: ("TEXT", "VocabularyTable"),
    export: ("another", "ExportsTable"),
    regenerate: ("LARGE_IMAGE", "DerivativesTable"),
}
"""Other resources: a different request for each, and the table that gets one record."""


def _subject(stack: LocalStack, creation: Creation) -> str:
    """Return the id of the file to export, or of the metadata whose thumbnail is requested."""
    if creation is export:
        return str(upload(stack, png()).json()["fileIdentifier"])
    if creation is regenerate:
        described = _describe(stack, upload(stack, png()).json()["fileIdentifier"])
        stack.settle()
        [thumbnail] = stack.items("DerivativesTable")
        stack.client("s3").delete_object(
            Bucket=stack.name("ObjectBucket"), Key=f"thumbnails/mybucket/{thumbnail['id']}.jpg"
        )
        return str(described.json()["data"]["id"])
    return ""


def _made(stack: LocalStack, table: str) -> list[str]:
    """Return the identifiers of the records in a table, without the other items in it."""
    return [str(item["id"]) for item in stack.items(table) if "createdOn" in item]


def test_a_repeated_request_gets_the_first_response_byte_for_byte(stack: LocalStack) -> None:
    first, second = create(stack), create(stack)
    assert (first.status, first.body) == (201, second.body)
    for name in ("location", "etag", "content-type"):
        assert first.header(name) == second.header(name)
    assert len(stack.items("MetadataTable")) == 1


def test_without_a_key_or_with_another_key_the_request_is_new(stack: LocalStack) -> None:
    identifiers = {
        create(stack, headers=headers).json()["data"]["id"]
        for headers in (KEY, {}, {}, {"Idempotency-Key": "another"})
    }
    assert len(identifiers) == 4


def test_another_body_with_the_same_key_is_refused(stack: LocalStack) -> None:
    create(stack)
    response = create(stack, acCaption="A leaf")
    assert problems(response) == [("422", "idempotency_key_reused")]
    assert response.json()["errors"][0]["source"] == {"header": "Idempotency-Key"}


def test_a_refused_request_leaves_the_key_unused(stack: LocalStack) -> None:
    assert create(stack, orientation=9).status == 422
    assert create(stack, orientation=8).status == 201


def test_a_key_expires_after_a_day(stack: LocalStack) -> None:
    first = create(stack).json()["data"]["id"]
    stack.clock.advance(timedelta(hours=23))
    assert create(stack).json()["data"]["id"] == first
    stack.clock.advance(timedelta(hours=2))
    assert create(stack).json()["data"]["id"] != first


@pytest.mark.parametrize("key", ["x" * 256, "Käfer"])
def test_a_malformed_key_is_refused(stack: LocalStack, key: str) -> None:
    response = create(stack, headers={"Idempotency-Key": key})
    assert problems(response) == [("400", "malformed_idempotency_key")]


def test_another_multipart_boundary_is_the_same_request(stack: LocalStack) -> None:
    first, second = post_file(stack), post_file(stack)
    assert first.status == second.status == 200
    assert first.body == second.body
    assert len(stack.keys("ObjectBucket", "objects/")) == 1
    assert problems(post_file(stack, name="b.png")) == [("422", "idempotency_key_reused")]


def test_the_same_file_in_another_bucket_is_another_request(stack: LocalStack) -> None:
    assert post_file(stack).status == 200
    assert problems(post_file(stack, bucket="other")) == [("422", "idempotency_key_reused")]


@pytest.mark.parametrize("creation", CREATIONS, ids=lambda one: one.__name__)
def test_every_kind_of_resource_is_created_once(stack: LocalStack, creation: Creation) -> None:
    subject = _subject(stack, creation)
    other, table = CREATIONS[creation]
    first = creation(stack, subject)
    assert first.status == 201, first.text
    stack.settle()
    second = creation(stack, subject)
    assert (second.status, second.body) == (201, first.body)
    assert second.header("location") == first.header("location")
    assert _made(stack, table) == [first.json()["data"]["id"]]
    assert problems(creation(stack, subject, kind=other)) == [("422", "idempotency_key_reused")]


def test_a_large_response_is_stored_in_parts(stack: LocalStack) -> None:
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


def test_a_request_killed_at_any_call_is_completed_by_the_next(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.faults.chaos:
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
        response = _describe(stack, file)
        assert response.status == 201, response.text
        [record] = stack.items("MetadataTable")
        assert record["id"] == response.json()["data"]["id"]
        assert _describe(stack, file).body == response.body
        if not killed:
            assert fatal > 4
            break
    else:
        pytest.fail("the run never got to its end")
    derived = upload_derivative(stack, png())
    made = derive(stack, derived, record["id"])
    assert made.status == 201


def test_an_upload_killed_at_any_call_is_completed_by_the_next(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.faults.chaos:
        return
    for fatal in range(MANY):
        stack.reset()
        aws_calls.kill_before(fatal)
        post_file(stack, Accept=JSON_API)
        killed = aws_calls.killed
        aws_calls.stop()
        stack.clock.advance(timedelta(seconds=61))
        response = post_file(stack, Accept=JSON_API)
        assert response.status == 201, response.text
        assert len(stack.keys("ObjectBucket", "objects/")) == 1
        [record] = stack.items("UploadsTable")
        assert record["fileIdentifier"] == response.json()["data"]["id"]
        assert "duplicate_found" not in response.text
        if not killed:
            return
    pytest.fail("the run never got to its end")


def test_a_bulk_request_killed_after_its_first_transaction_continues(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    if stack.faults.chaos:
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
        response = send(stack, "POST", "/api/v1/metadata/bulk", entries, headers=KEY)
        assert response.status == 200, response.text
        assert len(stack.items("MetadataTable")) == 70
        if not killed:
            return
    pytest.fail("the run never got to its end")


@pytest.mark.parametrize("creation", CREATIONS, ids=lambda one: one.__name__)
def test_any_creation_killed_at_any_call_is_completed_by_the_next(
    stack: LocalStack, aws_calls: AwsCalls, creation: Creation
) -> None:
    if stack.faults.chaos:
        return
    for fatal in range(MANY):
        stack.reset()
        subject = _subject(stack, creation)
        aws_calls.kill_before(fatal)
        creation(stack, subject)
        killed = aws_calls.killed
        aws_calls.stop()
        stack.clock.advance(timedelta(seconds=61))
        response = creation(stack, subject)
        assert response.status == 201, response.text
        assert _made(stack, CREATIONS[creation][1]) == [response.json()["data"]["id"]]
        assert creation(stack, subject).body == response.body
        if not killed:
            assert fatal > 2
            return
    pytest.fail("the run never got to its end")


def _describe(stack: LocalStack, file: str) -> Response:
    data = {"type": "metadata", "attributes": {"bucket": "mybucket", "fileIdentifier": file}}
    return send(stack, "POST", "/api/v1/metadata", data, headers=KEY)


def test_another_spelling_of_the_same_path_is_the_same_request(stack: LocalStack) -> None:
    """API Gateway decodes the path, so the fingerprint cannot depend on the spelling."""
    first = post_file(stack, bucket="mybucket")
    again = post_file(stack, bucket="my%62ucket")
    assert (again.status, again.json()) == (first.status, first.json())
    assert post_file(stack, bucket="otherbucket").status == 422

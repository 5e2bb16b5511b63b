"""Uploads of Uppy: forms, sessions, parts and grants, with the local stack."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from local.stack import LocalStack
from tests.api import s3_forms
from tests.api.clients import record
from tests.api.uppy import (
    PART,
    abort,
    base_of,
    complete,
    create,
    granted,
    listed,
    params,
    put,
    send_part,
    sign,
    started,
)

BODY = b"the bytes of a file for Uppy\n" * 400_000
PIECES = [BODY[start : start + PART] for start in range(0, len(BODY), PART)]


def test_a_small_file_is_uploaded_with_a_form(stack: LocalStack) -> None:
    response = params(stack, base_of(), "notes.txt", "text/plain", sizeInBytes="5")
    assert response.status == 200, response.text
    form = response.json()
    assert form["method"] == "POST"
    assert "expires" not in form
    url = form["url"].split("/", 3)
    assert s3_forms.post(url[2], f"/{url[3]}", form["fields"], b"hello") == 201
    stack.settle(retries=True)
    attributes = record(stack, form["fileIdentifier"])
    assert attributes["originalFilename"] == "notes.txt"
    assert attributes["uploadStatus"] == "AVAILABLE"


@pytest.mark.parametrize(
    "announced", [{}, {"sizeInBytes": len(BODY)}, {"sizeInBytes": str(len(BODY))}]
)
def test_a_large_file_is_uploaded_in_parts(stack: LocalStack, announced: dict[str, Any]) -> None:
    session = started(stack, **announced)
    etags = [send_part(stack, session, number, piece) for number, piece in enumerate(PIECES, 1)]
    parts = listed(stack, session).json()
    assert [(part["PartNumber"], part["ETag"], part["Size"]) for part in parts] == [
        (number, etag, len(piece))
        for number, (etag, piece) in enumerate(zip(etags, PIECES, strict=True), 1)
    ]
    mixed = [etag.strip('"') if number % 2 else etag for number, etag in enumerate(etags)]
    response = complete(stack, session, mixed, crc32=f"{zlib.crc32(BODY):08x}")
    assert response.status == 200, response.text
    assert response.json()["location"].endswith(f"/api/v1/object-upload/{session.file}")
    stack.settle(retries=True)
    assert stack.failures == []
    attributes = record(stack, session.file)
    assert attributes["uploadStatus"] == "AVAILABLE"
    assert attributes["sizeInBytes"] == len(BODY)
    assert attributes["crc32"] == f"{zlib.crc32(BODY):08x}"
    assert listed(stack, session).json() == parts
    assert complete(stack, session, etags).json() == response.json()
    assert abort(stack, session).json() == {}
    assert record(stack, session.file)["uploadStatus"] == "AVAILABLE"


def test_an_aborted_upload_leaves_nothing(stack: LocalStack) -> None:
    session = started(stack)
    send_part(stack, session, 1, PIECES[0])
    assert abort(stack, session).json() == {}
    assert abort(stack, session).json() == {}
    assert listed(stack, session).status == 404
    store = stack.client("s3")
    assert "Uploads" not in store.list_multipart_uploads(Bucket=stack.name("ObjectBucket"))


def test_a_page_uploads_with_a_grant(stack: LocalStack) -> None:
    grant = granted(stack, maxBytes=len(BODY))
    session = started(stack, base_of(grant=grant["grant"]))
    etags = [send_part(stack, session, number, piece) for number, piece in enumerate(PIECES, 1)]
    assert complete(stack, session, etags).status == 200
    stack.settle(retries=True)
    assert record(stack, session.file)["createdBy"] == "dev"


def test_several_parts_are_signed_at_once(stack: LocalStack) -> None:
    session = started(stack, sizeInBytes=len(BODY))
    response = stack.request("GET", session.target("/batch", partNumbers="1,2"))
    urls = response.json()["presignedUrls"]
    assert list(urls) == ["1", "2"]
    assert put(urls["2"], PIECES[1]).status == 200


def test_the_store_takes_no_other_length_of_a_part(stack: LocalStack) -> None:
    session = started(stack, sizeInBytes=len(BODY))
    url = sign(stack, session, 1).json()["url"]
    assert put(url, PIECES[0][:-1]).status == 403
    assert put(url, PIECES[0]).status == 200


def test_a_forbidden_type_is_refused_by_name_or_type(stack: LocalStack) -> None:
    for response in (
        create(stack, name="all.zip", media_type=""),
        create(stack, name="notes.txt", media_type="application/x-msdownload"),
        params(stack, base_of(), "setup.exe", ""),
        # The record would have the name setup.exe.
        params(stack, base_of(), "Setup.EXE. ", ""),
        create(stack, name="folder\\setup.exe..", media_type="text/plain"),
    ):
        assert response.status == 415
        document = response.json()
        assert document["message"] == document["errors"][0]["detail"]
        assert document["errors"][0]["code"] == "media_type_forbidden"

"""Conditions and ranges of downloads, in our responses and after a redirect to the store.

A client repeats its headers after a redirect, so both sides have to come to the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from coffer.domain.clock import to_text
from local.stack import LocalStack
from tests.api.clients import (
    derive,
    describe,
    header,
    post,
    presigned_post,
    problems,
    upload,
    upload_derivative,
)
from tests.api.images import jpeg, png
from tests.api.test_uploads_large import FILE as HUGE
from tests.api.test_uploads_large import LargeFileStack

SIX_MIB = bytes(range(256)) * (24 * 1024)
OTHER = '"d41d8cd98f00b204e9800998ecf8427e"'
EARLIER, LATER = "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 06 Nov 2065 08:49:37 GMT"


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def follow(stack: LocalStack, target: str, headers: Mapping[str, str] = {}) -> Reply:
    """Send GET and follow a redirect with the same headers, as curl -L does."""
    response = stack.request("GET", target, headers=headers)
    assert response.status < 500, response.text
    if response.status != 307:
        names = ("etag", "last-modified", "content-range")
        found = {name: str(response.header(name) or "") for name in names}
        return Reply(response.status, found, response.body)
    return fetch(header(response, "location"), headers)


def fetch(url: str, headers: Mapping[str, str] = {}) -> Reply:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())
    finally:
        connection.close()


def make_older(stack: LocalStack, file: str, remove: str = "") -> None:
    """Let the record of a file be an hour older than its object, without some attributes."""
    stack.client("dynamodb").update_item(
        TableName=stack.name("UploadsTable"),
        Key={"fileIdentifier": {"S": file}},
        UpdateExpression="SET createdOn = :then" + (f" REMOVE {remove}" if remove else ""),
        ExpressionAttributeValues={":then": {"S": to_text(stack.clock.now() - timedelta(hours=1))}},
    )


def direct(stack: LocalStack) -> str:
    file = str(upload(stack, png()).json()["fileIdentifier"])
    make_older(stack, file)
    return f"mybucket/{file}"


def promoted(stack: LocalStack, remove: str = "") -> str:
    offered = presigned_post(stack, name="measurements.bin")
    assert post(offered, SIX_MIB) == 201
    stack.settle(retries=True)
    make_older(stack, offered["fileIdentifier"], remove)
    return f"mybucket/{offered['fileIdentifier']}"


def without_etag(stack: LocalStack) -> str:
    return promoted(stack, "storedEtag, storedOn")


def without_date(stack: LocalStack) -> str:
    return promoted(stack, "storedOn")


def small_without_etag(stack: LocalStack) -> str:
    path = direct(stack)
    make_older(stack, path.rpartition("/")[2], "storedEtag")
    return path


def derivative(stack: LocalStack) -> str:
    main = str(upload(stack, png()).json()["fileIdentifier"])
    stack.settle(retries=True)
    metadata = describe(stack, main).json()["data"]["id"]
    file = upload_derivative(stack, png())
    assert derive(stack, file, metadata).status == 201
    make_older(stack, file)
    return f"mybucket/derivative/{file}"


def generated_thumbnail(stack: LocalStack) -> str:
    file = str(upload(stack, jpeg(900, 600)).json()["fileIdentifier"])
    stack.settle(retries=True)
    return f"mybucket/{file}/thumbnail"


def thumbnail_by_identifier(stack: LocalStack) -> str:
    flat = upload(stack, jpeg(900, 600)).json()
    stack.settle(retries=True)
    assert describe(stack, flat["fileIdentifier"]).status == 201
    return f"mybucket/derivative/{flat['thumbnailIdentifier']}"


def submitted_thumbnail(stack: LocalStack) -> str:
    main = str(upload(stack, jpeg(900, 600)).json()["fileIdentifier"])
    stack.settle(retries=True)
    metadata = describe(stack, main).json()["data"]["id"]
    file = upload_derivative(stack, jpeg(), media_type="image/jpeg")
    kind = {"derivativeType": "THUMBNAIL_IMAGE", "dcFormat": "image/jpeg"}
    assert derive(stack, file, metadata, **kind).status == 201
    return f"mybucket/{main}/thumbnail"


KINDS = [
    direct,
    promoted,
    without_etag,
    without_date,
    small_without_etag,
    derivative,
    generated_thumbnail,
    thumbnail_by_identifier,
    submitted_thumbnail,
]


@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_of_a_redirect_agree(
    stack: LocalStack, kind: Callable[[LocalStack], str]
) -> None:
    path = f"/api/v1/file/{kind(stack)}"
    known = stack.request("HEAD", path)
    assert known.status == 200
    tag, date = header(known, "etag"), header(known, "last-modified")
    in_store = follow(stack, f"{path}?redirect=true")
    whole = in_store.body
    assert in_store.headers["etag"] == tag
    part = {"Range": "bytes=5-9"}
    table: list[tuple[dict[str, str], int, bytes]] = [
        ({}, 200, whole),
        ({"If-Match": tag}, 200, whole),
        ({"If-Match": f"{OTHER}, {tag}"}, 200, whole),
        ({"If-Match": "*"}, 200, whole),
        ({"If-Match": OTHER}, 412, b""),
        ({"If-Unmodified-Since": date}, 200, whole),
        ({"If-Unmodified-Since": LATER}, 200, whole),
        ({"If-Unmodified-Since": EARLIER}, 412, b""),
        ({"If-Match": tag, "If-Unmodified-Since": EARLIER}, 200, whole),
        ({"If-None-Match": tag}, 304, b""),
        ({"If-None-Match": f"W/{tag}"}, 304, b""),
        ({"If-None-Match": OTHER}, 200, whole),
        ({"If-None-Match": OTHER, "If-Modified-Since": LATER}, 200, whole),
        ({"If-Modified-Since": date}, 304, b""),
        ({"If-Modified-Since": EARLIER}, 200, whole),
        (part, 206, whole[5:10]),
        (part | {"If-Range": tag}, 206, whole[5:10]),
        (part | {"If-Range": tag, "If-Match": tag}, 206, whole[5:10]),
        (part | {"If-Range": date}, 206, whole[5:10]),
        (part | {"If-Range": OTHER}, 200, whole),
        (part | {"If-Range": f"W/{tag}"}, 200, whole),
        (part | {"If-Range": EARLIER}, 200, whole),
        (part | {"If-Range": LATER}, 200, whole),
        (part | {"If-Unmodified-Since": date}, 206, whole[5:10]),
        ({"Range": f"bytes={len(whole)}-"}, 416, b""),
        ({"Range": "bytes=0-1,3-4"}, 200, whole),
        ({"Range": "bytes=9-5"}, 200, whole),
        ({"Range": f"bytes={','.join(['0-1'] * 500)}"}, 200, whole),
    ]
    for query in ("", "?redirect=true"):
        for headers, status, body in table:
            reply = follow(stack, path + query, headers)
            assert reply.status == status, (query, headers, reply.headers)
            if status in (200, 206):
                assert reply.body == body, (query, headers)
                assert reply.headers["etag"] == tag
    for headers, status, _ in table:
        expected = 200 if "Range" in headers else status
        assert stack.request("HEAD", path, headers=headers).status == expected, headers


def test_a_file_copied_in_parts_has_the_etag_and_date_of_the_store(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of more than 5 GiB: the limit of one copy is lower here."""
    LargeFileStack(stack, monkeypatch).arrive()
    stack.settle(retries=True)
    make_older(stack, HUGE)
    path = f"/api/v1/file/mybucket/{HUGE}"
    known = stack.request("HEAD", path)
    tag, date = header(known, "etag"), header(known, "last-modified")
    assert "-" in tag
    store = fetch(stack.request("GET", f"{path}?redirect=false").json()["url"])
    assert (store.headers["etag"], store.headers["last-modified"]) == (tag, date)


def test_a_412_is_an_error_document_that_names_the_header(stack: LocalStack) -> None:
    path = f"/api/v1/file/{direct(stack)}"
    refused = stack.request("GET", path, headers={"If-Match": OTHER})
    assert problems(refused) == [("412", "precondition_failed")]
    [error] = refused.json()["errors"]
    assert error["source"] == {"header": "If-Match"}


@pytest.mark.parametrize(
    "headers",
    [
        [("If-Match", OTHER), ("If-Match", OTHER)],
        [("If-None-Match", '"' * 5000)],
        [("If-None-Match", "\xff\xfe, W/")],
        [("If-Modified-Since", EARLIER), ("If-Modified-Since", LATER)],
        [("If-Unmodified-Since", "x" * 5000)],
        [("If-Range", "x" * 5000), ("Range", "bytes=0-1")],
        [("Range", "bytes=0-1"), ("Range", "bytes=2-3")],
        [("Range", "bytes=" + "-" * 5000)],
        [("Range", "bytes=" + "9" * 5000 + "-" + "9" * 100)],
        [("Range", "bytes=0-\x00")],
        [("Range", "=")],
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_hostile_headers_are_ignored_or_refused(
    stack: LocalStack, method: str, headers: list[tuple[str, str]]
) -> None:
    path = f"/api/v1/file/{direct(stack)}"
    response = stack.request(method, path, headers=headers)
    assert response.status in (200, 206, 304, 400, 412, 416, 431), response.text

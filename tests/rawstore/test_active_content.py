"""Files of datasets that a browser could execute are downloaded as attachments."""

from __future__ import annotations

from typing import Any
from urllib.request import urlopen

import pytest

from local.stack import LocalStack
from tests.rawstore.requests import authorize, describe, files_of, package, post
from tests.rawstore.test_presign import link_of, presign

BODY = b"<script>alert(document.domain)</script>"
DISPOSITION = "Content-Disposition"

ACTIVE = [
    "text/html",
    "TEXT/HTML; charset=utf-8",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "application/rss+xml",
    "application/javascript",
    "text/javascript",
    "application/pdf",
    "application/x-shockwave-flash",
    "multipart/related",
    "message/rfc822",
    "no type at all",
    # A browser takes the last type of a list.
    "text/plain; charset=utf-8, text/html",
    "image/png,text/html",
]
INERT = [
    "text/plain",
    "text/plain; charset=UTF-8",
    "text/csv",
    "application/json",
    "image/png",
    "IMAGE/JPEG",
    "video/mp4",
    "application/octet-stream",
]


def signed(stack: LocalStack, media_type: str | None, findability: str = "published") -> Any:
    request = package({"page": describe(BODY, type=media_type)}, findability=findability)
    return files_of(authorize(stack, request))["page"]


def disposition_of(url: str) -> str | None:
    with urlopen(url) as response:  # noqa: S310 - an address of the local stack
        assert response.read() == BODY
        return response.headers[DISPOSITION]  # type: ignore[no-any-return]  # email has no types


@pytest.mark.parametrize("findability", ["published", "private"])
@pytest.mark.parametrize("media_type", ACTIVE)
def test_a_file_that_can_run_scripts_is_an_attachment_by_every_link(
    stack: LocalStack, media_type: str, findability: str
) -> None:
    file = signed(stack, media_type, findability)
    assert file["upload_query"][DISPOSITION] == "attachment"

    assert post(file, BODY, **{DISPOSITION: None}) == 403
    assert post(file, BODY, **{DISPOSITION: "inline"}) == 403
    assert post(file, BODY) in (200, 201, 204)

    address = f"{file['upload_url']}/{file['upload_query']['key']}"
    link = link_of(presign(stack, address))
    assert (link == address) == (findability == "published")
    assert disposition_of(link) == "attachment"
    assert signed(stack, media_type, findability)["exists"] is True


@pytest.mark.parametrize("findability", ["published", "private"])
@pytest.mark.parametrize("media_type", [*INERT, None])
def test_a_file_that_cannot_run_scripts_keeps_its_disposition(
    stack: LocalStack, media_type: str | None, findability: str
) -> None:
    file = signed(stack, media_type, findability)
    assert DISPOSITION not in file["upload_query"]

    assert post(file, BODY, **{DISPOSITION: "inline"}) == 403
    assert post(file, BODY) in (200, 201, 204)

    address = f"{file['upload_url']}/{file['upload_query']['key']}"
    assert disposition_of(link_of(presign(stack, address))) is None


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml"])
def test_a_private_file_that_another_program_stored_is_an_attachment_by_its_link(
    stack: LocalStack, media_type: str
) -> None:
    bucket = stack.name("RawstoreBucket")
    stack.client("s3").put_object(
        Bucket=bucket, Key="u1/d/page", Body=BODY, ContentType=media_type, ACL="private"
    )

    link = link_of(presign(stack, f"{stack.storage.url}/{bucket}/u1/d/page"))

    assert disposition_of(link) == "attachment"


def test_a_link_to_a_file_that_is_not_uploaded_yet_is_an_attachment(stack: LocalStack) -> None:
    file = signed(stack, "text/plain", "private")
    address = f"{file['upload_url']}/{file['upload_query']['key']}"
    link = link_of(presign(stack, address))

    assert post(file, BODY) in (200, 201, 204)

    assert disposition_of(link) == "attachment"


@pytest.mark.parametrize(
    ("media_type", "disposition", "exists"),
    [
        ("text/html", None, False),
        ("text/html", "inline", False),
        ("text/html", "attachment", True),
        ("text/plain", None, True),
    ],
)
def test_a_file_that_would_run_scripts_in_the_store_is_uploaded_again(
    stack: LocalStack, media_type: str, disposition: str | None, exists: bool
) -> None:
    """It was stored before forms pinned the disposition. The new upload replaces it."""
    headers = {} if disposition is None else {"ContentDisposition": disposition}
    stack.client("s3").put_object(
        Bucket=stack.name("RawstoreBucket"),
        Key="u1/d/page",
        Body=BODY,
        ContentType=media_type,
        ACL="public-read",
        **headers,
    )

    assert signed(stack, media_type)["exists"] is exists

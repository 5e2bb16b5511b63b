"""The members of uploaded archives, on a stack that forbids no media type and needs tokens."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import token_auth
from tests.api.clients import multipart, problems
from tests.api.images import png
from tests.detection.builders import xlsx
from tests.fakes.files import epub

API = "/api/v1/object-upload"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    stack = token_auth.start(ForbiddenMediaTypes="none")
    yield stack
    stack.stop()


def token_of(stack: LocalStack, *groups: str, admin: bool = False) -> dict[str, str]:
    assert stack.issuer is not None
    roles = ["dina-admin"] if admin else []
    return {"Authorization": f"Bearer {stack.issuer.token('alice', list(groups), roles)}"}


def member_of(stack: LocalStack) -> dict[str, str]:
    return token_of(stack, "aafc/user")


def stored(stack: LocalStack, body: bytes, name: str, folder: str = "") -> str:
    """Upload a file and return its identifier."""
    headers, form = multipart(body, name=name, media_type=None)
    headers |= member_of(stack)
    sent = stack.request("POST", f"/api/v1/file/aafc{folder}", headers=headers, body=form)
    assert sent.status == 200, sent.text
    return str(sent.json()["fileIdentifier"])


def contents(stack: LocalStack, identifier: str, query: str = "", **headers: str) -> Response:
    path = f"{API}/{identifier}/contents{query}"
    return stack.request("GET", path, headers=headers or member_of(stack))


def zip_of(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"folder/{number:04}.csv", f"{number},1\n" * 50)
    return out.getvalue()


def tar_of(count: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(count):
            info = tarfile.TarInfo(f"folder/{number:04}.csv")
            info.size = 70_000
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def declared_as(media_type: str) -> bytes:
    """Return a zip archive that names its media type in its member `mimetype`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", media_type)
        archive.writestr("data", "1")
    return out.getvalue()


def test_the_first_page_of_a_zip_has_its_members_and_their_number(stack: LocalStack) -> None:
    identifier = stored(stack, zip_of(50), "data.zip")
    response = contents(stack, identifier)
    document = response.json()
    assert (response.status, len(document["data"])) == (200, 20)
    assert response.header("content-type") == "application/vnd.api+json"
    assert (document["meta"]["totalResourceCount"], "warnings" in document["meta"]) == (50, False)
    first = document["data"][0]
    assert (first["type"], first["id"]) == ("archive-member", f"{identifier}:1")
    assert set(first["attributes"]) == {
        "name", "isDirectory", "isEncrypted", "sizeInBytes", "compressedSizeInBytes", "crc32",
        "modified",
    }  # fmt: skip
    assert first["attributes"]["name"] == "folder/0000.csv"
    assert first["attributes"]["sizeInBytes"] == 200


@pytest.mark.parametrize(
    ("body", "name", "count"),
    [(zip_of(45), "data.zip", 45), (tar_of(9), "data.tar", 9)],
    ids=["zip", "tar"],
)
def test_the_pages_have_all_members(stack: LocalStack, body: bytes, name: str, count: int) -> None:
    identifier = stored(stack, body, name)
    query, names, pages = "?page[limit]=20", [], 0
    while True:
        document = contents(stack, identifier, query).json()
        names += [one["attributes"]["name"] for one in document["data"]]
        pages += 1
        if "next" not in document["links"]:
            break
        assert ("page[limit]", "20") in parse_qsl(urlsplit(document["links"]["next"]).query)
        query = f"?{urlsplit(document['links']['next']).query}"
    assert names == [f"folder/{number:04}.csv" for number in range(count)]
    assert (pages, document["meta"]["totalResourceCount"]) == (3, count)
    assert "totalIsLowerBound" not in document["meta"]


@pytest.mark.parametrize(
    ("body", "name", "member"),
    [
        (epub(), "book.epub", "mimetype"),
        (xlsx(), "table.xlsx", "[Content_Types].xml"),
        (zip_of(1), "values.npz", "folder/0000.csv"),
        (zip_of(1), "project.qgz", "folder/0000.csv"),
        (declared_as("image/openraster"), "leaf.ora", "data"),
        (declared_as("application/x-krita"), "leaf.kra", "data"),
        (declared_as("application/vnd.oasis.opendocument.base"), "samples.odb", "data"),
    ],
)
def test_documents_that_are_zip_archives_have_members(
    stack: LocalStack, body: bytes, name: str, member: str
) -> None:
    data = contents(stack, stored(stack, body, name)).json()["data"]
    assert member in [one["attributes"]["name"] for one in data]


@pytest.mark.parametrize(
    ("body", "name"),
    [(png(), "leaf.png"), (b"a,b\n1,2\n", "a.csv"), (b"\x1f\x8b\x08" + bytes(50), "a.tar.gz")],
)
def test_other_files_have_no_members(stack: LocalStack, body: bytes, name: str) -> None:
    response = contents(stack, stored(stack, body, name))
    assert problems(response) == [("422", "listing_not_supported")]


@pytest.mark.parametrize(
    ("body", "name"), [(zip_of(3)[:-30], "cut.zip"), (zip_of(30)[:500], "start.zip")]
)
def test_an_archive_without_its_directory_is_damaged(
    stack: LocalStack, body: bytes, name: str
) -> None:
    response = contents(stack, stored(stack, body, name))
    assert problems(response) == [("422", "archive_damaged")]


def test_the_members_before_the_damage_come_with_a_warning(stack: LocalStack) -> None:
    whole = tar_of(3)
    document = contents(stack, stored(stack, whole[:75_000], "cut.tar")).json()
    assert [one["attributes"]["name"] for one in document["data"]] == ["folder/0000.csv"]
    assert "cut off" in document["meta"]["warnings"]["archive_damaged"] or (
        "ends behind" in document["meta"]["warnings"]["archive_damaged"]
    )
    assert "next" not in document["links"]


def cursor_of(stack: LocalStack, identifier: str) -> str:
    link = contents(stack, identifier, "?page[limit]=1").json()["links"]["next"]
    return str(dict(parse_qsl(urlsplit(link).query))["page[cursor]"])


def forged(identifier: str, content: Any) -> str:
    """Return a cursor with a right digest, as a caller can compute it."""
    encoded = json.dumps(content, separators=(",", ":")).encode()
    digest = sha256(f"contents of {identifier}".encode() + b"\0" + encoded).digest()[:9]
    return urlsafe_b64encode(digest + encoded).decode().rstrip("=")


def test_a_cursor_belongs_to_one_file(stack: LocalStack) -> None:
    one, other = stored(stack, zip_of(3), "a.zip"), stored(stack, zip_of(3), "b.zip")
    cursor = cursor_of(stack, one)
    assert contents(stack, one, f"?page[cursor]={cursor}").status == 200
    assert problems(contents(stack, other, f"?page[cursor]={cursor}")) == [
        ("400", "malformed_cursor")
    ]


@pytest.mark.parametrize(
    "content",
    [
        [-1, 0], [0, -1], [10**9, 1], [2**63, 0], [2**200, 2**200], [1.5, 0], ["0", "0"], [None, 0],
        [0], [0, 0, 0], {}, 7, None, "x", [[0], 0],
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_cursor_is_refused(stack: LocalStack, content: Any) -> None:
    identifier = stored(stack, zip_of(3), "a.zip")
    response = contents(stack, identifier, f"?page[cursor]={forged(identifier, content)}")
    assert problems(response) == [("400", "malformed_cursor")]


def test_a_changed_cursor_is_refused(stack: LocalStack) -> None:
    identifier = stored(stack, zip_of(3), "a.zip")
    cursor = cursor_of(stack, identifier)
    raw = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[-2] ^= 1
    changed = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    for text in (changed, cursor[:-3], "x", "%00", "a" * 5000, "%F0%9F%8C%B1"):
        response = contents(stack, identifier, f"?page[cursor]={text}")
        assert problems(response) == [("400", "malformed_cursor")], text
    inside = contents(stack, identifier, f"?page[cursor]={forged(identifier, [3, 1])}")
    assert problems(inside) == [("422", "archive_damaged")]


@pytest.mark.parametrize(
    "query", ["page[limit]=0", "page[limit]=1001", "sort=name", "filter[name]=a"]
)
def test_other_pages_do_not_exist(stack: LocalStack, query: str) -> None:
    response = contents(stack, stored(stack, zip_of(3), "a.zip"), f"?{query}")
    assert response.status == 400


def test_members_are_listed_for_those_who_may_read_the_record(stack: LocalStack) -> None:
    identifier = stored(stack, zip_of(3), "a.zip")
    reader = token_of(stack, "aafc/read-only")
    assert contents(stack, identifier, **reader).status == 200
    stranger = token_of(stack, "bicoe/super-user")
    assert problems(contents(stack, identifier, **stranger)) == [("403", "role_required")]
    assert contents(stack, identifier, Accept="*/*").status == 401
    attributes = {"bucket": "aafc", "fileIdentifier": identifier, "publiclyReleasable": True}
    described = stack.request(
        "POST",
        "/api/v1/metadata",
        headers=member_of(stack),
        json_body={"data": {"type": "metadata", "attributes": attributes}},
    )
    assert described.status == 201, described.text
    assert contents(stack, identifier, **stranger).status == 200


def test_the_members_of_a_derivative_are_listed(stack: LocalStack) -> None:
    identifier = stored(stack, zip_of(3), "a.zip", "/derivative")
    assert len(contents(stack, identifier).json()["data"]) == 3


def test_an_archive_that_is_gone_has_no_members(stack: LocalStack) -> None:
    assert problems(contents(stack, "0193a3c4-0000-7000-8000-000000000009")) == [
        ("404", "upload_not_found")
    ]
    assert contents(stack, "nonsense").status == 400
    identifier = stored(stack, zip_of(3), "a.zip")
    deleted = stack.request("DELETE", f"{API}/{identifier}", headers=token_of(stack, admin=True))
    assert deleted.status == 204, deleted.text
    response = contents(stack, identifier)
    assert problems(response) == [("410", "upload_deleted")]


def test_a_file_whose_bytes_are_lost_is_not_found(stack: LocalStack) -> None:
    identifier = stored(stack, zip_of(3), "a.zip")
    [key] = [key for key in stack.keys("ObjectBucket", "objects/") if identifier in key]
    stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=key)
    assert problems(contents(stack, identifier)) == [("404", "file_missing")]

"""Responses to downloads: file names, ranges, conditions and redirects."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.downloads.find import Download
from coffer.domain.errors import MalformedRequestError, NotFoundError
from coffer.domain.objects import StoredObject
from coffer.http.downloads.responses import (
    MAX_BODY_BYTES,
    byte_range,
    download_response,
    file_name_parameters,
)
from coffer.http.errors import RangeNotSatisfiableError, render_error
from coffer.http.responses import JSON, Response
from tests.fakes import FrozenClock, InMemoryDownloads, InMemoryObjects
from tests.fakes.clocks import NOON
from tests.fakes.objects import etag_of
from tests.unit.http.events import make_request

BODY = bytes(range(10))
TAG = '"abc"'
LAST_MODIFIED = "Sun, 22 Nov 2026 12:00:00 GMT"
FILE = Download(
    object_key="objects/aafc/x.png",
    filename="leaf.png",
    media_type="image/png",
    stored=StoredObject(
        key="objects/aafc/x.png", size_bytes=len(BODY), etag="abc", last_modified=NOON
    ),
)


def changed(file: Download = FILE, **changes: Any) -> Download:
    """Return a download with other values of what is stored."""
    assert file.stored is not None
    return replace(file, stored=replace(file.stored, **changes))


def ask(
    download: Download = FILE,
    method: str = "GET",
    query: str = "",
    body: bytes | None = BODY,
    **headers: str,
) -> Response:
    objects = InMemoryObjects(FrozenClock())
    if body is not None:
        objects.replace(download.object_key, body, content_type=download.media_type)
    request = make_request(
        f"{method} /api/v1/file/{{bucket}}/{{fileId}}",
        query=query,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    return download_response(request, download, InMemoryDownloads(objects), FrozenClock())


def test_a_small_file_is_in_the_response_with_its_headers() -> None:
    response = ask()
    assert (response.status, response.body) == (200, BODY)
    assert response.headers == {
        "Content-Type": "image/png",
        "Content-Disposition": "attachment; filename*=UTF-8''leaf.png; filename=\"leaf.png\"",
        "ETag": TAG,
        "Last-Modified": LAST_MODIFIED,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }


def test_a_file_of_unknown_size_is_in_the_response() -> None:
    response = ask(replace(FILE, stored=None))
    assert response.body == BODY
    assert response.headers["ETag"] == f'"{etag_of(BODY)}"'


@pytest.mark.parametrize("query", ["", "redirect=false", "redirect=true"])
def test_missing_bytes_are_not_found(query: str) -> None:
    unknown = replace(FILE, stored=None)
    with pytest.raises(NotFoundError) as refused:
        ask(unknown, query=query, body=None)
    assert refused.value.problems[0].code == "file_missing"


def test_a_missing_small_file_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        ask(body=None)


@pytest.mark.parametrize("file", [FILE, replace(FILE, stored=None)])
def test_head_has_the_length_and_no_body(file: Download) -> None:
    response = ask(file, method="HEAD", query="redirect=true")
    assert (response.status, response.body) == (200, "")
    assert response.headers["Content-Length"] == response.headers["X-Content-Length"] == "10"
    assert response.headers["ETag"] == (TAG if file.stored else f'"{etag_of(BODY)}"')


def test_head_of_a_large_file_does_not_redirect() -> None:
    response = ask(changed(size_bytes=10**12), method="HEAD")
    assert (response.status, response.headers["X-Content-Length"]) == (200, str(10**12))


@pytest.mark.parametrize(
    ("size", "query", "status"),
    [
        (MAX_BODY_BYTES, "", 200),
        (MAX_BODY_BYTES + 1, "", 307),
        (1, "redirect=true", 307),
        (10**12, "redirect=true", 307),
    ],
)
def test_a_large_file_is_redirected(size: int, query: str, status: int) -> None:
    response = ask(changed(size_bytes=size), query=query, body=b"x" * min(size, 10**7))
    assert response.status == status


def test_a_redirect_explains_itself() -> None:
    response = ask(query="redirect=true")
    assert response.headers["Location"] == (
        "store:objects/aafc/x.png?type=image/png&disposition=attachment; "
        "filename*=UTF-8''leaf.png; filename=\"leaf.png\"&life=300"
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert "curl -L" in str(response.body)


BYTES = "application/octet-stream"


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        (BYTES, BYTES),
        (f"application/json, {BYTES}", BYTES),
        (f"{BYTES}, image/png", "image/png"),
        (f"{BYTES}, image/*;q=0.1", "image/png"),
        (f"{BYTES}, */*", "image/png"),
        ("application/*", "image/png"),
        ("text/html", "image/png"),
        ("", "image/png"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_accepts_only_bytes_gets_them_without_their_type(
    method: str, accept: str, sent: str
) -> None:
    assert ask(method=method, accept=accept).headers["Content-Type"] == sent


def test_a_type_with_parameters_is_acceptable_by_its_name() -> None:
    text = replace(FILE, media_type="text/csv; charset=utf-8")
    assert ask(text, accept=f"{BYTES}, text/csv").headers["Content-Type"] == text.media_type


def test_a_redirect_for_a_client_that_accepts_only_bytes_leads_to_them() -> None:
    assert f"?type={BYTES}&" in ask(query="redirect=true", accept=BYTES).headers["Location"]


@pytest.mark.parametrize("size", [10, 10**12])
def test_a_link_document_replaces_the_redirect(size: int) -> None:
    response = ask(changed(size_bytes=size), query="redirect=false&disposition=inline")
    assert (response.status, response.headers["Content-Type"]) == (200, JSON)
    document = json.loads(response.body)
    assert document["expires"] == "2026-11-22T12:05:00.250000Z"
    assert "disposition=inline" in document["url"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("redirect=maybe", "redirect"),
        ("redirect=", "redirect"),
        ("disposition=evil%0d%0aX: y", "disposition"),
        ("disposition=Inline", "disposition"),
    ],
)
def test_invalid_parameters_are_refused(query: str, parameter: str) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        ask(query=query)
    [problem] = refused.value.problems
    assert (problem.code, problem.parameter) == ("malformed_parameter", parameter)


@pytest.mark.parametrize(
    ("media_type", "disposition"),
    [
        ("image/jpeg", "inline"),
        ("IMAGE/PNG", "inline"),
        ("text/plain", "inline"),
        ("video/mp4", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("application/pdf", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("text/xml", "attachment"),
        ("text/plain; charset=x", "inline"),
        ("text/plain; charset=x, text/html", "attachment"),
        ("image/png,text/html", "attachment"),
        ("special/type", "attachment"),
    ],
)
def test_types_that_can_run_scripts_are_never_inline(media_type: str, disposition: str) -> None:
    response = ask(replace(FILE, media_type=media_type), query="disposition=inline")
    assert response.headers["Content-Disposition"].startswith(f"{disposition}; ")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("leaf.png", "filename*=UTF-8''leaf.png; filename=\"leaf.png\""),
        ("a b.png", "filename*=UTF-8''a%20b.png; filename=\"a b.png\""),
        ("Käfer.jpg", "filename*=UTF-8''K%C3%A4fer.jpg; filename=\"K_fer.jpg\""),
        ('a"b.png', "filename*=UTF-8''a%22b.png; filename=\"a_b.png\""),
        ("a\\b.png", "filename*=UTF-8''a%5Cb.png; filename=\"a_b.png\""),
        ("a\r\nX: y", "filename*=UTF-8''a%0D%0AX%3A%20y; filename=\"a__X_ y\""),
        ("50%25.png", "filename*=UTF-8''50%2525.png; filename=\"50_25.png\""),
        ("标本", "filename*=UTF-8''%E6%A0%87%E6%9C%AC; filename=\"__\""),
        ("", "filename*=UTF-8''; filename=\"\""),
    ],
)
def test_a_name_is_in_the_header_in_ascii_and_utf8(name: str, parameters: str) -> None:
    assert file_name_parameters(name) == parameters


@given(st.text(st.characters(codec="utf-8")))
def test_no_name_breaks_out_of_the_header(name: str) -> None:
    parameters = file_name_parameters(name)
    found = re.fullmatch(
        r"filename\*=UTF-8''(\S*); filename=\"([^\"\\\x00-\x1f\x7f-\U0010ffff]*)\"", parameters
    )
    assert found is not None
    assert unquote(found[1]) == name


@given(st.text(st.characters(codec="utf-8")))
def test_dina_ui_reads_the_plain_name(name: str) -> None:
    """It takes all that follows the first `filename=`, and removes quotes."""
    header = f"attachment; {file_name_parameters(name)}"
    content = header[header.index("filename=") + len("filename=") :].replace('"', "")
    assert len(content) == len(name)


@pytest.mark.parametrize(
    ("header", "status"),
    [(TAG, 304), (f"W/{TAG}", 304), ("*", 304), (f'"x", {TAG}', 304), ('"other"', 200), ("", 200)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_known_bytes_are_not_modified(header: str, status: int, method: str) -> None:
    response = ask(method=method, if_none_match=header, range="bytes=0-1" if status == 304 else "")
    assert response.status == status
    assert response.headers["ETag"] == TAG
    if status == 304:
        assert response.body == ""


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (TAG, 206),
        (LAST_MODIFIED, 206),
        ('"other"', 200),
        (f"W/{TAG}", 200),
        ("Sun, 22 Nov 2026 11:59:59 GMT", 200),
        ("", 206),
    ],
)
def test_a_range_needs_the_version_that_the_client_knows(header: str, status: int) -> None:
    response = ask(range="bytes=2-3", if_range=header)
    assert (response.status, response.body) == (status, BODY[2:4] if status == 206 else BODY)


RANGES: list[tuple[str, tuple[int, int] | None]] = [
    # RFC 9110, 14.1.2: with 10 bytes there are 0 to 9.
    ("bytes=0-0", (0, 0)),
    ("bytes=0-9", (0, 9)),
    ("bytes=2-5", (2, 5)),
    ("bytes=5-", (5, 9)),
    ("bytes=9-", (9, 9)),
    ("bytes=0-", (0, 9)),
    ("bytes=5-100", (5, 9)),
    ("bytes=-1", (9, 9)),
    ("bytes=-10", (0, 9)),
    ("bytes=-100", (0, 9)),
    ("Bytes=0-1", (0, 1)),
    (" bytes = 0-1 ", (0, 1)),
    ("bytes=0-9999999999999999999", (0, 9)),
    (f"bytes=0-{'9' * 5000}", (0, 9)),
    (f"bytes={'0' * 5000}2-{'0' * 30}5", (2, 5)),
    (f"bytes=-{'9' * 5000}", (0, 9)),
]
IGNORED = [
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    "bytes=0-1,3-4",
    "bytes=a-b",
    "bytes=0-1x",
    "bytes=+0-1",
    "bytes=0--1",
    "bytes=-1-2",
    "bytes=1",
    "bytes=²-³",
    "bytes=0 - 1",
    "items=0-1",
    "seconds=0-1",
]
BEHIND = ["bytes=10-", "bytes=10-11", "bytes=100-", "bytes=-0", f"bytes={'9' * 5000}-"]


@pytest.mark.parametrize(("header", "wanted"), RANGES)
def test_a_range_is_returned(header: str, wanted: tuple[int, int]) -> None:
    assert byte_range(header, 10) == wanted
    first, last = wanted
    response = ask(range=header)
    assert (response.status, response.body) == (206, BODY[first : last + 1])
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/10"
    assert response.headers["ETag"] == TAG


@pytest.mark.parametrize("header", IGNORED)
def test_other_ranges_are_ignored(header: str) -> None:
    assert byte_range(header, 10) is None
    response = ask(range=header)
    assert (response.status, response.body) == (200, BODY)
    assert "Content-Range" not in response.headers


@pytest.mark.parametrize("header", BEHIND)
def test_a_range_behind_the_end_is_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError) as refused:
        ask(range=header)
    response = render_error(refused.value, make_request())
    assert response.status == 416
    assert response.headers["Content-Range"] == "bytes */10"


def test_a_range_of_a_large_file_is_redirected() -> None:
    assert ask(changed(size_bytes=10**9), range="bytes=0-1").status == 307


@given(st.text(max_size=30) | st.from_regex(r"bytes=[0-9]{0,25}-[0-9]{0,25}"), st.integers(1, 50))
def test_no_range_exceeds_the_file(header: str, size: int) -> None:
    wanted: Any = byte_range(header, size)
    if wanted is not None and wanted != (size, size - 1):
        first, last = wanted
        assert 0 <= first <= last < size

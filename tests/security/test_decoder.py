"""A decoder that an attacker has taken over: what its links open, and what its responses change.

The handler of `decode_picture` is replaced. What the process of a real one can reach is tested by
`tests/imaging/hostile_decoder.py`.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coffer.adapters.http_connections import ConnectionPool, HttpResponse
from coffer.adapters.imaging import decoder_function
from coffer.domain.uploads.image_properties import NO_PROPERTIES
from local.functions.in_process import InProcessInvoker
from local.stack import LocalStack
from tests.api.clients import record, upload
from tests.api.images import jpeg, png
from tests.api.test_export import ask
from tests.export.test_api import archive_of, built, uploaded

HALF = {"functionDef": "IMG_RESIZE", "params": {"factor": "0.5"}}
PAGE = b"<script>alert(1)</script>"
PROPERTIES = vars(NO_PROPERTIES)
REPLY = {"properties": PROPERTIES, "warning": None, "failure": None}
Event = dict[str, Any]


def replace_decoder(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, hostile: Callable[[Event], Any]
) -> None:
    assert isinstance(stack.invoker, InProcessInvoker)
    handlers = stack.invoker._handlers
    monkeypatch.setitem(handlers, "DecodePictureFunction", lambda event, _context: hostile(event))


def send(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> int:
    parts = urlsplit(url)
    pool = ConnectionPool(f"{parts.scheme}://{parts.netloc}", timeout_seconds=5)
    return pool.request(method, f"{parts.path}?{parts.query}", headers, body).status


def test_the_decoder_of_a_thumbnail_gets_one_link_to_one_version_of_one_file(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = upload(stack, png(), bucket="other").json()["fileIdentifier"]
    stack.settle(retries=True)
    statuses: dict[str, int] = {}
    events: list[Event] = []

    def hostile(event: Event) -> Any:
        events.append(event)
        url, headers = event["source"]["url"], event["source"]["headers"]
        mine = urlsplit(url).path
        bucket = mine.split("/")[1]
        statuses["its file"] = send("GET", url, headers)
        statuses["another version"] = send("GET", url, {"if-match": '"other"'})
        statuses["any version"] = send("GET", url, {})
        for name, path in (
            ("another file", f"/{bucket}/objects/other/{other}.png"),
            ("a list", f"/{bucket}/"),
            ("the thumbnail", f"/{bucket}/thumbnails/mybucket/x.jpg"),
        ):
            statuses[name] = send("GET", url.replace(mine, path), headers)
        for method in ("PUT", "DELETE", "HEAD", "POST"):
            statuses[method] = send(method, url, headers, b"" if method != "DELETE" else None)
        return {}

    replace_decoder(stack, monkeypatch, hostile)
    upload(stack, jpeg())
    stack.settle(retries=True)
    assert statuses.pop("its file") == 200
    assert {name: status for name, status in statuses.items() if status < 400} == {}
    (event,) = events
    assert event.keys() == {"source", "mediaType", "edge"}
    assert int(parse_qs(urlsplit(event["source"]["url"]).query)["X-Amz-Expires"][0]) <= 120


@pytest.mark.parametrize(
    "response",
    [
        None,
        [],
        {},
        "text",
        {**REPLY, "thumbnail": None},
        {**REPLY, "thumbnail": "no base64!"},
        {
            "properties": PROPERTIES,
            "warning": None,
            "failure": None,
            "thumbnail": base64.b64encode(PAGE).decode(),
        },
        {
            "properties": {"exif": {"a": "x" * 10_000}},
            "warning": None,
            "failure": None,
            "thumbnail": "",
        },
        {"properties": PROPERTIES, "failure": {"code": "<b>", "detail": ""}, "thumbnail": None},
    ],
)
def test_a_response_that_is_no_thumbnail_is_not_stored(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, response: Any
) -> None:
    replace_decoder(stack, monkeypatch, lambda _event: response)
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    found = record(stack, identifier)
    assert (found["thumbnailStatus"], found["thumbnailFailure"]) == ("FAILED", "decoder_crashed")
    assert stack.keys("ObjectBucket", "thumbnails/") == []


def test_a_decoder_that_ends_with_an_error_is_tried_again(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Event] = []

    def hostile(event: Event) -> Any:
        calls.append(event)
        raise RuntimeError("exit")

    replace_decoder(stack, monkeypatch, hostile)
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    found = record(stack, identifier)
    assert found["thumbnailFailure"] == "thumbnail_attempts_exhausted"
    assert len(calls) == 3
    stack.failures.clear()


def throttle(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Throttle the next invocations of the decoder, and return a list of their statuses."""
    statuses: list[int] = []
    request = ConnectionPool.request

    def respond(pool: ConnectionPool, method: str, target: str, *rest: Any) -> HttpResponse:
        if "/invocations" not in target or len(statuses) >= times:
            return request(pool, method, target, *rest)
        statuses.append(429)
        return HttpResponse(429, Message(), b'{"Reason": "ConcurrentInvocationLimitExceeded"}')

    monkeypatch.setattr(ConnectionPool, "request", respond)
    monkeypatch.setattr(decoder_function, "PAUSES_SECONDS", (0, 0))
    return statuses


def test_a_thumbnail_whose_decoder_is_throttled_for_long_is_created_later(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = throttle(monkeypatch, 30)
    identifier = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    assert record(stack, identifier)["thumbnailStatus"] == "READY"
    assert len(statuses) == 30


def test_an_export_whose_decoder_is_throttled_for_long_is_built_later(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = uploaded(stack, jpeg(), "leaf.jpg", "image/jpeg")
    stack.settle(retries=True)
    statuses = throttle(monkeypatch, 30)
    asked = ask(stack, [identifier], exportFunction=HALF)
    stack.settle(retries=True)
    archive = archive_of(stack, asked)
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["leaf_resized.jpg"]
    assert len(statuses) == 30


@pytest.mark.parametrize("written", [PAGE, b"", None])
def test_a_conversion_that_is_no_image_is_left_out(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, written: bytes | None
) -> None:
    statuses: dict[str, int] = {}

    def hostile(event: Event) -> Any:
        url, headers = event["target"]["url"], event["target"]["headers"]
        mine = urlsplit(url).path
        assert "/parts/" in mine, mine
        if written is not None:
            statuses["its key"] = send("PUT", url, headers, written)
        for name, path in (
            ("another key", mine.rsplit("/", 1)[0] + "/other"),
            ("the request", mine.split("/parts/")[0] + "/request.json"),
        ):
            statuses[name] = send("PUT", url.replace(mine, path), headers, PAGE)
        statuses["another type"] = send("PUT", url, {"content-type": "text/html"}, PAGE)
        statuses["read"] = send("GET", url, headers)
        return {**REPLY, "thumbnail": None}

    identifier = uploaded(stack, jpeg(), "leaf.jpg", "image/jpeg")
    stack.settle(retries=True)
    replace_decoder(stack, monkeypatch, hostile)
    export = built(stack, ask(stack, [identifier], exportFunction=HALF))
    assert export["status"] == "ERROR"
    assert statuses.pop("its key", 200) == 200
    assert {name: status for name, status in statuses.items() if status < 400} == {}
    assert not [key for key in stack.keys("ObjectBucket", "exports/") if "/parts/" in key]


def test_a_decoder_that_writes_later_changes_no_archive(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets: list[dict[str, Any]] = []

    def hostile(event: Event) -> Any:
        for target in targets:  # of earlier files
            assert send("PUT", target["url"], target["headers"], PAGE) == 200
        target = event["target"]
        assert send("PUT", target["url"], target["headers"], jpeg(20, 10)) == 200
        targets.append(target)
        return {**REPLY, "thumbnail": None}

    files = [uploaded(stack, jpeg(), name, "image/jpeg") for name in ("a.jpg", "b.jpg")]
    stack.settle(retries=True)
    replace_decoder(stack, monkeypatch, hostile)
    archive = archive_of(stack, ask(stack, files, exportFunction=HALF))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert [opened.read(name) for name in opened.namelist()] == [jpeg(20, 10)] * 2
    assert not [key for key in stack.keys("ObjectBucket", "exports/") if "/parts/" in key]

"""Signed downloads over a connection that is kept: what happens when it dies."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from coffer.adapters.s3 import downloads as signed_downloads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.errors import ObjectMissingError, UnavailableError
from tests.fakes import FrozenClock

OK = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nbody"
HANG_UP = b""
CUT_OFF = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nbo"
NOISE = b"this is no HTTP\r\n\r\n"


@contextmanager
def store_that(responses: Sequence[Sequence[bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes one connection after the other, and on each gives these answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        for on_connection in responses:
            connection, _ = listener.accept()
            with connection:
                for response in on_connection:
                    asked.append(connection.recv(65_536))
                    connection.sendall(response)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    host, port = listener.getsockname()[:2]
    yield f"http://{host}:{port}", asked
    thread.join(timeout=5)
    listener.close()


def downloads(url: str) -> SignedDownloads:
    signer = Signer(Credentials("key", "secret"), "ca-central-1")
    return SignedDownloads(signer, Endpoint(url), "bucket", FrozenClock())


def test_requests_are_signed_and_share_a_connection() -> None:
    with store_that([[OK, OK]]) as (url, asked):
        store = downloads(url)
        assert store.read("a b/ü", 0, 4) == store.read("a b/ü", 4, 4) == b"body"
    assert asked[0].startswith(b"GET /bucket/a%20b/%C3%BC HTTP/1.1\r\n")
    assert b"range: bytes=0-3" in asked[0]
    assert b"range: bytes=4-7" in asked[1]
    assert b"Signature=" in asked[0]


@pytest.mark.parametrize("death", [HANG_UP, CUT_OFF, NOISE])
def test_a_connection_that_died_is_opened_once_more(death: bytes) -> None:
    with store_that([[death], [OK, OK]]) as (url, _):
        store = downloads(url)
        assert store.read("k", 0, 4) == store.read("k", 0, 4) == b"body"


@pytest.mark.parametrize("death", [HANG_UP, CUT_OFF, NOISE])
def test_a_store_that_dies_twice_is_unavailable_and_may_come_back(death: bytes) -> None:
    with store_that([[death], [death], [OK]]) as (url, _):
        store = downloads(url)
        with pytest.raises(UnavailableError):
            store.read("k", 0, 4)
        assert store.read("k", 0, 4) == b"body"


def test_a_store_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnavailableError):
        downloads(f"http://127.0.0.1:{port}").describe("k")


def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_downloads, "_TIMEOUT_SECONDS", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(UnavailableError),
    ):
        downloads(f"http://127.0.0.1:{listener.getsockname()[1]}").describe("k")


MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nxml"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nxml"


def listed(*keys: str) -> bytes:
    """Return the response to a list."""
    body = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = f'<ListBucketResult xmlns="{namespace}">{body}</ListBucketResult>'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("refusals", "error"),
    [
        ([MISSING], ObjectMissingError),
        # A list below the key shows which of the two a 403 means.
        ([FORBIDDEN, listed()], ObjectMissingError),
        ([FORBIDDEN, listed("k longer")], ObjectMissingError),
        ([FORBIDDEN, listed("k")], UnavailableError),
        ([FORBIDDEN, FORBIDDEN], UnavailableError),
    ],
)
def test_a_bad_answer_keeps_the_connection(refusals: list[bytes], error: type[Exception]) -> None:
    with store_that([[*refusals, OK]]) as (url, _):
        store = downloads(url)
        with pytest.raises(error):
            store.read("k", 0, 4)
        assert store.read("k", 0, 4) == b"body"


BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 3\r\n\r\nxml"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nxml"


@pytest.mark.parametrize("refusals", [[BUSY], [FAILED], [BUSY, FAILED, BUSY]])
def test_a_busy_store_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, refusals: list[bytes]
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("coffer.adapters.s3.downloads.time.sleep", pauses.append)
    with store_that([[*refusals, OK]]) as (url, asked):
        assert downloads(url).read("k", 0, 4) == b"body"
    assert len(asked) == len(refusals) + 1
    assert pauses == [0.1, 0.2, 0.4][: len(refusals)]


def test_a_store_that_stays_busy_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coffer.adapters.s3.downloads.time.sleep", lambda _: None)
    with store_that([[BUSY] * 4 + [OK]]) as (url, _):
        store = downloads(url)
        with pytest.raises(UnavailableError):
            store.read("k", 0, 4)
        assert store.read("k", 0, 4) == b"body"


def test_a_size_is_asked_for_without_the_bytes() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n"
        b'ETag: "abc-2"\r\nLast-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n'
    )
    with store_that([[head, head]]) as (url, asked):
        store = downloads(url)
        assert (described := store.describe("k")) == store.describe("k")
        assert (described.size_bytes, described.etag) == (123_456_789_012, "abc-2")
        assert described.last_modified == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert asked[0].startswith(b"HEAD ")


def test_nothing_is_not_asked_for() -> None:
    assert downloads("http://127.0.0.1:1").read("k", 0, 0) == b""


def test_a_link_pins_type_and_disposition() -> None:
    link = downloads("https://s3.example").presigned_url(
        "a b", media_type="image/png", disposition='inline; filename="x"', life=timedelta(minutes=5)
    )
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path) == ("s3.example", "/bucket/a%20b")
    assert query["response-content-type"] == ["image/png"]
    assert query["response-content-disposition"] == ['inline; filename="x"']
    assert query["X-Amz-Expires"] == ["300"]


def test_over_tls_the_stores_certificate_is_checked() -> None:
    with store_that([[NOISE], [NOISE]]) as (url, _), pytest.raises(UnavailableError):
        downloads(url.replace("http:", "https:")).describe("k")

"""What the store may answer an export's worker besides what it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coffer.adapters.s3 import archives as s3_archives
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.errors import MultipartUploadMissingError, ObjectMissingError, UnavailableError
from tests.fakes import FrozenClock

XML = b'<?xml version="1.0" encoding="UTF-8"?>'
DONE = (
    b"<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>"
)


def failure(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


class Store(ThreadingHTTPServer):
    """Gives the responses it was told to, one after the other, the last one again and again."""

    daemon_threads = True
    responses: list[tuple[int, bytes]]
    asked = 0


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.server.responses[min(self.server.asked, len(self.server.responses) - 1)]
        self.server.asked += 1
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(s3_archives, "_PAUSES_SECONDS", (0, 0, 0, 0))
    server = Store(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def archives(store: Store) -> S3Archives:
    signer = Signer(Credentials("test", "test"), "ca-central-1")
    endpoint = Endpoint(f"http://127.0.0.1:{store.server_port}")
    return S3Archives(signer, endpoint, "bucket", FrozenClock())


@pytest.mark.parametrize("before", [b"", b" " * 2000, XML, XML + b"\n" * 2000, b"\n" + XML])
def test_what_takes_long_is_kept_up_with_white_space(
    store: Store, archives: S3Archives, before: bytes
) -> None:
    store.responses = [(200, before + DONE)]
    assert archives.complete_upload("a.zip", "upload", {1: "e"}) == "e-1"
    store.responses, store.asked = [(200, before + failure("InternalError")), (200, DONE)], 0
    assert archives.complete_upload("a.zip", "upload", {1: "e"}) == "e-1"
    assert store.asked == 2
    store.responses = [(200, before + failure("NoSuchUpload"))]
    with pytest.raises(MultipartUploadMissingError):
        archives.complete_upload("a.zip", "upload", {1: "e"})


@pytest.mark.parametrize(
    "passing", [(503, failure("SlowDown")), (500, b""), (429, b"slow"), (0, b"")], ids=str
)
def test_a_busy_store_is_asked_again_until_there_is_no_point(
    store: Store, archives: S3Archives, passing: tuple[int, bytes]
) -> None:
    store.responses = [*[passing] * 3, (200, b"{}")]
    assert archives.load("request.json") == b"{}"
    store.responses = [passing]
    with pytest.raises(UnavailableError):
        archives.load("request.json")


def test_a_document_that_speaks_of_errors_is_none(store: Store, archives: S3Archives) -> None:
    store.responses = [(200, b'{"name": "<Error>"}')]
    assert archives.load("request.json") == b'{"name": "<Error>"}'


def test_what_is_refused_is_not_asked_for_again(store: Store, archives: S3Archives) -> None:
    store.responses = [(404, failure("NoSuchKey"))]
    with pytest.raises(ObjectMissingError):
        archives.load("request.json")
    store.responses = [(403, failure("AccessDenied"))]
    with pytest.raises(RuntimeError, match="403 AccessDenied"):
        archives.load("request.json")
    assert store.asked == 2

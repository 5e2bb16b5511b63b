"""Late, temporary and unexpected responses of the store are handled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coffer.adapters.s3 import archives as s3_archives
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.errors import MultipartUploadMissingError, ObjectMissingError, UnavailableError
from coffer.domain.export.lease import MIN_TIME_TO_COPY
from coffer.domain.export.record import LEASE_DURATION
from coffer.domain.objects import StoredObject
from tests.fakes import FrozenClock
from tests.fakes.clocks import NOON
from tests.template.template_file import resources

SOURCE = StoredObject(key="objects/x", size_bytes=1, etag="e", last_modified=NOON)
XML = b'<?xml version="1.0" encoding="UTF-8"?>'
DONE = (
    b"<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>"
)


def failure(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


class Store(ThreadingHTTPServer):
    """Sends the given responses in order, and repeats the last one."""

    daemon_threads = True
    responses: list[tuple[int, bytes]]
    requests = 0
    delay_seconds = 0.0
    methods: list[str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.server.responses[
            min(self.server.requests, len(self.server.responses) - 1)
        ]
        self.server.requests += 1
        self.server.methods.append(self.command)
        time.sleep(self.server.delay_seconds)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):  # the client did not wait
            self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(s3_archives, "_PAUSES_SECONDS", (0, 0, 0, 0))
    server = Store(("127.0.0.1", 0), Handler)
    server.methods = []
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
def test_white_space_before_a_late_response_is_skipped(
    store: Store, archives: S3Archives, before: bytes
) -> None:
    store.responses = [(200, before + DONE)]
    assert archives.complete_upload("a.zip", "upload", {1: "e"}) == "e-1"
    store.responses, store.requests = [(200, before + failure("InternalError")), (200, DONE)], 0
    assert archives.complete_upload("a.zip", "upload", {1: "e"}) == "e-1"
    assert store.requests == 2
    store.responses = [(200, before + failure("NoSuchUpload"))]
    with pytest.raises(MultipartUploadMissingError):
        archives.complete_upload("a.zip", "upload", {1: "e"})


@pytest.mark.parametrize(
    "temporary", [(503, failure("SlowDown")), (500, b""), (429, b"slow"), (0, b"")], ids=str
)
def test_a_request_to_a_busy_store_is_repeated_a_few_times(
    store: Store, archives: S3Archives, temporary: tuple[int, bytes]
) -> None:
    store.responses = [*[temporary] * 3, (200, b"{}")]
    assert archives.load("request.json") == b"{}"
    store.responses = [temporary]
    with pytest.raises(UnavailableError):
        archives.load("request.json")


@pytest.mark.parametrize(
    "call",
    [
        lambda archives: archives.complete_upload("a.zip", "upload", {1: "e"}),
        lambda archives: archives.copy_part("a.zip", "upload", 1, SOURCE, 0, 1),
        lambda archives: archives.crc32(SOURCE, "scratch"),
    ],
    ids=["complete_upload", "copy_part", "crc32"],
)
def test_a_copy_that_takes_too_long_is_not_repeated(
    store: Store, archives: S3Archives, call: Callable[[S3Archives], object]
) -> None:
    """A worker that waits for a second copy would be stopped before it saves its progress."""
    store.responses, store.delay_seconds = [(200, DONE)], 0.5
    archives._slow_requests._pool._timeout_seconds = 0.05
    with pytest.raises(UnavailableError):
        call(archives)
    assert [one for one in store.methods if one != "GET"] in (["POST"], ["PUT"])


def test_a_worker_stops_before_a_copy_could_exceed_its_time() -> None:
    function = resources("AWS::Serverless::Function")["BuildExportFunction"]["Properties"]
    archives = S3Archives(
        Signer(Credentials("test", "test"), "ca-central-1"),
        Endpoint("https://s3.example.org"),
        "bucket",
        FrozenClock(),
    )
    timeout = timedelta(seconds=archives._slow_requests._pool._timeout_seconds)
    # Joining two members takes three calls after the time was checked.
    assert 3 * timeout <= MIN_TIME_TO_COPY
    assert LEASE_DURATION > MIN_TIME_TO_COPY
    assert timedelta(seconds=function["Timeout"]) > MIN_TIME_TO_COPY + timedelta(minutes=3)


def test_a_document_that_mentions_errors_is_not_an_error(
    store: Store, archives: S3Archives
) -> None:
    store.responses = [(200, b'{"name": "<Error>"}')]
    assert archives.load("request.json") == b'{"name": "<Error>"}'


def test_a_refused_request_is_not_repeated(store: Store, archives: S3Archives) -> None:
    store.responses = [(404, failure("NoSuchKey"))]
    with pytest.raises(ObjectMissingError):
        archives.load("request.json")
    store.responses = [(403, failure("AccessDenied"))]
    with pytest.raises(RuntimeError, match="403 AccessDenied"):
        archives.load("request.json")
    assert store.requests == 3, "one is a list, because the 403 can mean that the key is missing"

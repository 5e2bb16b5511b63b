"""Many keys are looked up in parallel, in a bounded time, and errors count as missing files."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from coffer.adapters.rawstore import objects as dataset_objects
from coffer.adapters.rawstore.objects import MAX_PARALLEL_REQUESTS, S3StoredFiles
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.rawstore.objects import StoredFile
from tests.rawstore.tokens import ec_key

ETAG = "044e18f0bf3b19ac0428a75c85436194"


class Store(ThreadingHTTPServer):
    """A server that responds to HEAD as configured, and counts connections and requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond: Callable[[str], int] = lambda _key: 200
        self.seconds = 0.0
        self.close_after = 10**9
        self.asked: list[str] = []
        self.connections = 0
        self.concurrent = self.max_concurrent = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def setup(self) -> None:
        super().setup()
        self.response_count = 0
        with self.server.lock:
            self.server.connections += 1

    def do_HEAD(self) -> None:
        store = self.server
        key = unquote(self.path).removeprefix("/store/")
        with store.lock:
            store.asked.append(key)
            store.concurrent += 1
            store.max_concurrent = max(store.max_concurrent, store.concurrent)
        time.sleep(store.seconds)
        with store.lock:
            store.concurrent -= 1
        self.send_response(store.respond(key))
        self.send_header("Content-Length", "5")
        self.send_header("ETag", f'"{ETAG}"')
        self.send_header("x-amz-meta-owner", "u1")
        self.send_header("x-amz-meta-findability", "private")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Disposition", "attachment")
        self.end_headers()
        self.response_count += 1
        self.close_connection = self.response_count >= store.close_after

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    thread = threading.Thread(target=store.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield store
    store.shutdown()
    thread.join()
    store.server_close()


@pytest.fixture
def stored_files(store: Store) -> S3StoredFiles:
    return stored_files_of(store.url)


def stored_files_of(url: str) -> S3StoredFiles:
    signer = Signer(Credentials("key", "secret"), "us-east-1")
    return S3StoredFiles(signer, Endpoint(url), "store", SystemClock())


def test_each_key_is_looked_up_once_and_existing_files_are_returned(
    store: Store, stored_files: S3StoredFiles
) -> None:
    keys = [f"u1/é {number}" for number in range(100)]
    store.respond = lambda key: 200 if key.endswith("7") else 404

    found = stored_files.find(keys)

    assert sorted(store.asked) == sorted(keys)
    assert set(found) == {key for key in keys if key.endswith("7")}
    assert set(found.values()) == {StoredFile(5, ETAG, "u1", "private", "text/html", "attachment")}


def test_no_keys_send_no_requests(store: Store, stored_files: S3StoredFiles) -> None:
    assert stored_files.find([]) == {}
    assert store.connections == 0


def test_keys_are_looked_up_in_parallel_up_to_a_limit(
    store: Store, stored_files: S3StoredFiles
) -> None:
    store.seconds = 0.02

    stored_files.find([str(number) for number in range(100)])

    assert 1 < store.max_concurrent <= MAX_PARALLEL_REQUESTS


def test_connections_are_kept_for_the_next_request(
    store: Store, stored_files: S3StoredFiles
) -> None:
    for _ in range(5):
        stored_files.find(["a", "b"])

    assert store.connections <= 2


def test_a_closed_connection_is_opened_again(
    store: Store, stored_files: S3StoredFiles, log: StringIO
) -> None:
    store.close_after = 1

    for _ in range(3):
        assert set(stored_files.find(["a"])) == {"a"}
    assert log.getvalue() == ""


@pytest.mark.parametrize("status", [301, 400, 403, 500, 503])
def test_other_statuses_count_as_missing_and_are_logged_once(
    store: Store, stored_files: S3StoredFiles, log: StringIO, status: int
) -> None:
    store.respond = lambda key: 200 if key == "good" else status

    assert set(stored_files.find(["good", "bad", "worse"])) == {"good"}
    [line] = log.getvalue().splitlines()
    assert f'"status {status}":2' in line


def test_an_unreachable_store_counts_as_empty_and_is_logged(log: StringIO) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        assert stored_files_of(f"http://127.0.0.1:{taken.getsockname()[1]}").find(["a", "b"]) == {}
    assert '"ConnectionRefusedError":2' in log.getvalue()


def test_look_ups_end_when_the_time_is_up(
    store: Store, stored_files: S3StoredFiles, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_objects, "BUDGET_SECONDS", 0.05)
    store.seconds = 0.2

    found = stored_files.find([str(number) for number in range(2 * MAX_PARALLEL_REQUESTS)])

    assert 0 < len(found) <= MAX_PARALLEL_REQUESTS
    assert '"out of time"' in log.getvalue()


def test_a_silent_store_times_out(
    store: Store, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_objects, "TIMEOUT_SECONDS", 0.05)
    store.seconds = 0.3

    assert stored_files_of(store.url).find(["a"]) == {}
    assert '"TimeoutError":1' in log.getvalue()


def test_a_response_without_a_length_counts_as_missing(
    store: Store, stored_files: S3StoredFiles, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Handler.send_header

    def send_header(self: Handler, name: str, value: str) -> None:
        original(self, name, "many" if name == "Content-Length" else value)

    monkeypatch.setattr(Handler, "send_header", send_header)

    assert stored_files.find(["a"]) == {}
    assert '"ValueError":1' in log.getvalue()


def test_a_store_with_tls_is_reached_over_tls(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    store.socket = server_side.wrap_socket(store.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)

    assert set(stored_files_of(store.url.replace("http:", "https:")).find(["a", "b"])) == {"a", "b"}


def self_signed(folder: Path) -> Path:
    """Return a file with a certificate for 127.0.0.1 and its key."""
    key = ec_key("server")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path

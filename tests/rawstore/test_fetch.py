"""Small documents are fetched within limits of time and size."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coffer.adapters import fetch as fetching
from coffer.adapters.fetch import FetchError, fetch


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.drip()
            return
        statuses = {"/missing": 404, "/moved": 302, "/broken": 500}
        body = (
            b"x" * (fetching.MAX_DOCUMENT_BYTES + 1) if self.path == "/huge" else self.path.encode()
        )
        self.send_response(statuses.get(self.path, 200))
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])) + self.headers["X-A"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        """Send a few bytes again and again, without an end."""
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/", "/a/b?c=d&e=f"])
def test_a_document_is_fetched(server: str, path: str) -> None:
    assert fetch(server + path) == path.encode()


def test_a_url_without_a_path_means_the_root(server: str) -> None:
    assert fetch(server) == b"/"


def test_a_body_can_be_sent(server: str) -> None:
    assert fetch(server, method="POST", headers={"X-A": "!"}, body=b"body") == b"body!"


@pytest.mark.parametrize("path", ["/missing", "/moved", "/broken", "/huge"])
def test_any_other_status_raises(server: str, path: str) -> None:
    with pytest.raises(FetchError, match="answered"):
        fetch(server + path)


def test_an_endless_response_is_aborted(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.1)

    with pytest.raises(FetchError, match="TimeoutError"):
        fetch(f"{server}/slow")


def test_an_unreachable_host_raises() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(FetchError, match="ConnectionRefusedError"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/key")


@pytest.mark.parametrize(
    "address", ["", "key", "ftp://a.example/key", "file:///etc/hosts", "http://", "http://a:x/"]
)
def test_other_schemes_are_refused(address: str) -> None:
    with pytest.raises(FetchError, match="address"):
        fetch(address)


def test_https_needs_a_server_with_tls(server: str) -> None:
    with pytest.raises(FetchError, match="SSL"):
        fetch(server.replace("http:", "https:"))

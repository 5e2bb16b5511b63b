"""A stand-in for the other services of DataHub, behind one address with the rawstore.

`/auth/authorize` signs permission tokens. `/source/upload` fetches every named file, as the service
that processes datasets does. `/rawstore/…` is forwarded to the stack.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rawstore.tokens import rsa_key, sign

HOST = "127.0.0.1"
LOGIN_TOKEN = "login-token"
KEY = rsa_key("datahub's auth server")
PASSED_ON = ("auth-token", "content-type", "accept")


class Platform(ThreadingHTTPServer):
    """The server, with the requests and the files of the source service."""

    daemon_threads = True

    def __init__(self, stack_port: int, user: str) -> None:
        super().__init__((HOST, 0), _Service)
        self.stack_port = stack_port
        self.user = user
        self.permissions: Mapping[str, Any] = {
            "max_dataset_num": 10,
            "max_public_storage_mb": 10,
            "max_private_storage_mb": 10,
        }
        self.sources: list[dict[str, Any]] = []
        self.fetched: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[Platform]:
        """Serve requests within the block."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def permission_token(self, service: str) -> str:
        """Return a token like DataHub's auth server signs: without expiry, for one service."""
        claims = {"userid": self.user, "permissions": dict(self.permissions), "service": service}
        return sign(KEY, claims)

    def process(self, source: dict[str, Any]) -> None:
        """Fetch the files of a source from the addresses in it."""
        self.sources.append(source)
        [described] = source["inputs"]
        mapping = described["parameters"].get("resource-mapping", {})
        self.links = {**mapping, "datapackage.json": described["url"]}
        self.fetched = {path: _get(url) for path, url in self.links.items()}


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = urlsplit(self.path)
        self.server.asked.append(f"{self.command} {parts.path}")
        if parts.path.startswith("/rawstore/"):
            self._pass_on(body)
        elif parts.path == "/auth/authorize":
            self._answer(self._authorize(parse_qs(parts.query)["service"][0]))
        else:
            assert parts.path == "/source/upload", parts.path
            self.server.process(json.loads(body))
            self._answer({"success": True, "dataset_id": f"{self.server.user}/birds", "errors": []})

    def _authorize(self, service: str) -> dict[str, Any]:
        if self.headers.get("Auth-Token") != LOGIN_TOKEN:
            return {"permissions": {}}
        return {
            "token": self.server.permission_token(service),
            "userid": self.server.user,
            "permissions": dict(self.server.permissions),
            "service": service,
        }

    def _answer(self, document: dict[str, Any]) -> None:
        self._send(200, "application/json", json.dumps(document).encode())

    def _pass_on(self, body: bytes) -> None:
        connection = HTTPConnection(HOST, self.server.stack_port, timeout=30)
        try:
            headers = {n: v for n, v in self.headers.items() if n.lower() in PASSED_ON}
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            kind = response.getheader("Content-Type", "application/octet-stream")
            self._send(response.status, kind, response.read())
        finally:
            connection.close()

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _get(url: str) -> bytes:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}{'?' if parts.query else ''}{parts.query}")
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body[:500]
        return body
    finally:
        connection.close()

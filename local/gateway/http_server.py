"""The HTTP/1.1 server on the API's port, with the limits and errors of API Gateway."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.gateway.api import MAX_BODY_BYTES, Request, Response, gateway_error
from local.hosts import LOOPBACK_HOSTS, is_allowed_host, refusal
from local.http_heads import has_truncated_headers

HEADER_TIMEOUT_SECONDS = 60
MAX_DRAINED_BYTES = 64 * 1024**2
"""How much of a refused body is read, so that the client gets the response and not a reset."""
CHUNK_BYTES = 1 << 16
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
MAX_HEAD_BYTES = 10_240
"""Limit of the request line and header values together. Source: API Gateway Developer Guide,
"Quotas for configuring and running an HTTP API"."""

Handle = Callable[[Request], Response]
HandleReservedPath = Callable[["Connection"], bool]
"""Responds to a request on a reserved path; returns False for any other path."""


class BodyError(Exception):
    """The request body cannot be read; `status` is the status of the response."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ApiServer(ThreadingHTTPServer):
    """Listens from its creation on; `serve` starts the responses."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, allowed_hosts: frozenset[str] = LOOPBACK_HOSTS
    ) -> None:
        """Listen; raise OSError if the port is taken."""
        self.allowed_hosts = allowed_hosts
        self.handle: Handle | None = None
        self.handle_reserved_path: HandleReservedPath | None = None
        self.on_refused: Callable[[str, str, int], None] | None = None
        """Called with method, target and status of a request that the server refuses itself."""
        self._thread: threading.Thread | None = None
        super().__init__((host, port), Connection)

    def serve(self, handle: Handle, handle_reserved_path: HandleReservedPath) -> None:
        """Start to respond, in a background thread."""
        self.handle = handle
        self.handle_reserved_path = handle_reserved_path
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="local-api", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Threads of running requests continue."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that has closed the connection; print any other error."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    """A client connection."""

    server: ApiServer
    protocol_version = "HTTP/1.1"
    timeout = HEADER_TIMEOUT_SECONDS
    server_version = "Coffer"
    sys_version = ""

    def handle_expect_100(self) -> bool:
        """Refuse a body that is too large before the client sends it."""
        try:
            if self._announced_length() <= MAX_BODY_BYTES:
                return super().handle_expect_100()
            self._refuse(413)
        except BodyError as error:
            self._refuse(error.status)
        return False

    def parse_request(self) -> bool:
        """Parse the request head; refuse one that is larger than API Gateway accepts."""
        if not super().parse_request():
            return False
        # http.server replaces several leading slashes by one; API Gateway keeps them.
        self.path = self.requestline.split()[1]
        if has_truncated_headers(self.headers):
            self._refuse(400)
            return False
        size = len(self.requestline) + sum(len(value) for value in self.headers.values())
        if size > MAX_HEAD_BYTES:
            self._refuse(431)
            return False
        host = self.headers.get("Host")
        if not is_allowed_host(host, self.server.allowed_hosts):
            self._refuse(403, refusal(host))
            return False
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error that http.server found, such as a malformed head, in the gateway's form."""
        del message, explain
        self.headers = getattr(self, "headers", None) or Message()
        self.command = self.command or "GET"
        self.path = getattr(self, "path", "")
        self.request_version = self.protocol_version  # for HTTP/0.9 no response head is sent
        self._refuse(code)

    def _announced_length(self) -> int:
        """Return Content-Length; raise `BodyError` if it is not valid."""
        texts = set(self.headers.get_all("Content-Length", ["0"]))
        text = texts.pop()
        if texts or not (text.isascii() and text.isdigit() and len(text) < 19):
            raise BodyError(400)
        return int(text)

    def handle_request(self) -> None:
        """Read the request, handle it, and write the response."""
        handle, handle_reserved_path = self.server.handle, self.server.handle_reserved_path
        if handle is None or handle_reserved_path is None or handle_reserved_path(self):
            return
        try:
            body = self.read_body()
        except BodyError as error:
            self._refuse(error.status)
            return
        request = Request(
            method=self.command,
            # The base class decodes the request line as ISO 8859-1; clients send UTF-8.
            target=self.path.encode("iso-8859-1").decode(errors="replace"),
            headers=[(name, value) for name, value in self.headers.items()],
            body=body,
            source_ip=self.client_address[0],
            protocol=self.request_version,
        )
        self.write(handle(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request  # noqa: N815 - http.server's names

    def read_body(self) -> bytes:
        """Return the body.

        Raise `BodyError` if it is too large, malformed, or in an unknown transfer coding.
        """
        coding = self.headers.get("Transfer-Encoding", "").strip().lower()
        if coding == "chunked":
            return self._read_chunks()
        if coding:
            raise BodyError(501)
        length = self._announced_length()
        if length > MAX_BODY_BYTES:
            raise BodyError(413)
        body = self.rfile.read(length)
        if len(body) < length:
            raise BodyError(400)
        return body

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(1024).split(b";")[0].strip()
            if not CHUNK_SIZE.fullmatch(line):
                raise BodyError(400)
            size = int(line, 16)
            if size == 0:
                break
            total += size
            if total > MAX_BODY_BYTES:
                raise BodyError(413)
            parts.append(self.rfile.read(size))
            self.rfile.readline(8)
        while self.rfile.readline(1024).strip():
            continue
        return b"".join(parts)

    def write(self, response: Response) -> None:
        """Send a response."""
        self.send_response_only(response.status)
        self.send_header("Date", self.date_time_string())
        names = {name for name, _ in response.headers}
        for name, value in response.headers:
            self.send_header(name, value)
        has_body = response.status >= 200 and response.status not in (204, 304)
        if has_body and not (self.command == "HEAD" and "content-length" in names):
            names.discard("content-length")
        if has_body and "content-length" not in names:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(response.body)

    def _refuse(self, status: int, message: str | None = None) -> None:
        """Send an error, then read what the client still sends, so that it gets the error."""
        self.close_connection = True
        if self.server.on_refused is not None:
            self.server.on_refused(self.command, self.path, status)
        response = gateway_error(status, message)
        self.send_response_only(status)
        self.send_header("Connection", "close")
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(2)
            deadline = time.monotonic() + 10
            drained = 0
            while drained < MAX_DRAINED_BYTES and time.monotonic() < deadline:
                chunk = self.connection.recv(CHUNK_BYTES)
                if not chunk:
                    break
                drained += len(chunk)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Do nothing: the stack reports requests itself."""

    def log_request(self, code: int | HTTPStatus | str = "-", size: int | str = "-") -> None:
        """Do nothing: the stack reports requests itself."""

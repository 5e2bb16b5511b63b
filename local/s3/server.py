"""The HTTP/1.1 server of the gate: threads, keep-alive, and streaming of bodies both ways."""

from __future__ import annotations

import logging
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.http_heads import has_truncated_headers
from local.s3.errors import S3Error, error_document
from local.s3.messages import FileRange, Headers, Request, RequestBody, Response

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
IDLE_SECONDS = 60
DRAIN_IDLE_SECONDS = 5
# The body of a refused upload is read to its end, so that the client gets the error and not a
# broken connection. If more than this is left, the connection is closed.
MAX_DRAINED_BYTES = 6 * 1024**3

Handle = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """An HTTP server that keeps track of its connections, so that `close` can close them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handle: Handle, date: Callable[[], str]) -> None:
        self.handle_s3_request = handle
        self.date = date
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request
        log.debug("connection of %s broke", client_address, exc_info=True)

    def server_bind(self) -> None:
        # HTTPServer's method looks up the host's name, which can use the network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def close(self) -> None:
        """Stop listening, close all connections, and wait for their threads."""
        self.shutdown()
        self.server_close()
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("a connection was closed already")
        for thread in open_now.values():
            thread.join(timeout=5)


class Handler(BaseHTTPRequestHandler):
    """A client connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 0
    server: Server

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline:
                self.close_connection = True
                return
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = self.path = ""
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
                return
            if self.parse_request():
                # http.server replaces several leading slashes by one; here they belong to a key.
                self.path = self.requestline.split()[1]
                if has_truncated_headers(self.headers):
                    self.send_error(HTTPStatus.BAD_REQUEST, "A header is malformed.")
                else:
                    self._serve()
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        # `100 Continue` is sent at the first read of the body, so not if the head is refused.
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        log.debug("%s %s", self.client_address[0], format % args)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error that http.server found, such as a malformed head, in S3's form."""
        del explain
        self.close_connection = True
        error = S3Error("BadRequest", message or "An error occurred when parsing the HTTP request.")
        error.status = code
        self.command = self.command or "GET"
        self._send(self._refusal(error, "", new_request_id()))

    def _serve(self) -> None:
        request_id = new_request_id()
        try:
            body = self._body()
        except S3Error as error:
            self.close_connection = True
            self._send(self._refusal(error, self.path, request_id))
            return
        response = self._handle(body, request_id)
        try:
            unwanted = body.remaining > MAX_DRAINED_BYTES or self._waits_to_send(body)
            self.close_connection = self.close_connection or unwanted
            self._send(response)
        finally:
            response.close()
        if body.remaining:
            self._drain(body)

    def _handle(self, body: RequestBody, request_id: str) -> Response:
        path, _, raw_query = self.path.partition("?")
        try:
            request = Request(
                self.command,
                path,
                raw_query,
                self._headers(),
                body,
                self.client_address[0],
                request_id,
            )
            return self.server.handle_s3_request(request)
        except S3Error as error:
            return self._refusal(error, path, request_id)

    def _headers(self) -> Headers:
        return Headers([(name, header_text(value)) for name, value in self.headers.items()])

    def _body(self) -> RequestBody:
        if self.headers.get("Transfer-Encoding"):
            raise S3Error("NotImplemented", details={"Header": "Transfer-Encoding"})
        texts = set(self.headers.get_all("Content-Length", []))
        if not texts and self.command in ("PUT", "POST"):
            raise S3Error("MissingContentLength")
        text = texts.pop() if texts else "0"
        if texts or not (text.isascii() and text.isdigit() and len(text) < 16):
            raise S3Error("BadRequest", "Invalid Content-Length")
        return RequestBody(self.rfile, int(text), self._continue)

    def _continue(self) -> None:
        if (self.headers.get("Expect") or "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _waits_to_send(self, body: RequestBody) -> bool:
        """True if the client still waits for `100 Continue` before it sends the body."""
        expect = (self.headers.get("Expect") or "").lower()
        return bool(body.remaining) and expect == "100-continue" and not body.is_read_from

    def _drain(self, body: RequestBody) -> None:
        """Read the rest of the body: many clients read no response before all is sent."""
        if self._waits_to_send(body):
            return
        self.connection.settimeout(DRAIN_IDLE_SECONDS)
        unread = max(0, body.remaining - MAX_DRAINED_BYTES)
        try:
            while body.remaining > unread:
                body.read()
        except S3Error:
            self.close_connection = True
        self.connection.settimeout(IDLE_SECONDS)

    def _refusal(self, error: S3Error, path: str, request_id: str) -> Response:
        if error.status == 304:
            return Response(304, {**error.headers, **identity(request_id)})
        document = error_document(
            error, resource=path, request_id=request_id, host_id=host_id(request_id)
        )
        headers = {"Content-Type": "application/xml", **error.headers, **identity(request_id)}
        return Response(error.status, headers, document)

    def _send(self, response: Response) -> None:
        body = response.body
        bare = self.command == "HEAD" or response.status in (204, 304)
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
        headers = {**response.headers, "Date": self.server.date(), "Server": "AmazonS3"}
        if response.status not in (204, 304):
            headers["Content-Length"] = str(response.content_length)
        if self.close_connection:
            headers["Connection"] = "close"
        lines += [f"{name}: {one_line(value)}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if bare or isinstance(body, FileRange):
            self.connection.sendall(head)
            if not bare and isinstance(body, FileRange):
                self._send_file(body)
        else:
            self.connection.sendall(head + body)

    def _send_file(self, part: FileRange) -> None:
        """Send a range of a file with sendfile, which reads no more than the socket accepts."""
        if part.length:
            self.connection.sendfile(part.file, part.start, part.length)


def new_request_id() -> str:
    return secrets.token_hex(8).upper()


def host_id(request_id: str) -> str:
    return f"local/{request_id}"


def identity(request_id: str) -> dict[str, str]:
    return {"x-amz-request-id": request_id, "x-amz-id-2": host_id(request_id)}


def header_text(value: str) -> str:
    """Return a header as UTF-8 if it is that; http.server decodes headers as Latin-1."""
    raw = value.encode("latin-1", "replace")
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.strip()


def one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"

"""Send the AWS calls of a test run to the local stack's application without a socket.

Most of the suite's time went into HTTP between threads of one process, and into measuring the
coverage of moto and botocore. Calls to S3, calls under CHAOS and calls of other stacks use sockets.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session

from local.patching import Patches
from local.s3.server import Server

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application (PEP 3333)."""


class DirectCalls:
    """Replaces botocore's transport for one URL until `stop`."""

    def __init__(self, url: str, application: Application) -> None:
        self._url = url
        self._application = application
        self._patches = Patches()

    def start(self) -> None:
        """Use the application from now on."""
        send_over_http = vars(URLLib3Session)["send"]
        make_request = vars(Endpoint)["make_request"]
        process_request_thread = vars(Server)["process_request_thread"]

        def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            if not request.url.startswith(self._url):
                response: AWSResponse = send_over_http(session, request)
                return response
            return self._call(request)

        def make_unmeasured_request(endpoint: Endpoint, *args: Any, **kwargs: Any) -> Any:
            trace = sys.gettrace()
            sys.settrace(None)
            try:
                return make_request(endpoint, *args, **kwargs)
            finally:
                sys.settrace(trace)
                _make_traced_call()

        def process_unmeasured_request(server: Server, *args: Any) -> None:
            sys.settrace(None)
            process_request_thread(server, *args)

        self._patches.replace(URLLib3Session, "send", send)
        self._patches.replace(Endpoint, "make_request", make_unmeasured_request)
        self._patches.replace(Server, "process_request_thread", process_unmeasured_request)

    def stop(self) -> None:
        """Restore botocore's transport."""
        self._patches.undo()

    def _call(self, request: AWSPreparedRequest) -> AWSResponse:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            head[:] = [int(status.split()[0]), HeadersDict(headers)]

        chunks = self._application(_environ(request), start_response)
        try:
            body = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        status, fields = head
        return AWSResponse(request.url, status, fields, _RawBody(body))


class _RawBody(io.BytesIO):
    """A response body with the method by which botocore reads it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url)
    body: Any = request.body or b""  # no call of ours streams to these services
    body = body.encode() if isinstance(body, str) else body
    variables = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path) or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return {**variables, **_header_variables(request.headers)}


def _header_variables(headers: Any) -> dict[str, str]:
    variables: dict[str, str] = {}
    for name, value in headers.items():
        variable = name.upper().replace("-", "_")
        if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            variable = f"HTTP_{variable}"
        variables[variable] = value.decode("latin-1") if isinstance(value, bytes) else value
    return variables


def _make_traced_call() -> None:
    """Let coverage's tracer take over again: it does at the next call, and counts frames."""

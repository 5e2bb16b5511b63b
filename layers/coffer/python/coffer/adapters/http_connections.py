"""HTTP requests over kept connections to one host, for functions that import no AWS SDK."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import finalize

CONNECTION_ERRORS = (OSError, HTTPException)
"""The exceptions of a request that got no response."""
PAUSES_SECONDS: Sequence[float] = (0.05, 0.2)
"""The pauses before the second and the third attempt of a request with retries."""


class HttpResponse(NamedTuple):
    """A response with its whole body. Header names are not case-sensitive."""

    status: int
    headers: Message
    body: bytes


class ConnectionPool:
    """Connections to one host, kept open between requests, for any number of threads.

    `url` is scheme, host and port. All connections share one TLS context. It is created for the
    first request, because that takes half as long as a cold start.
    """

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), parts.port
        self._uses_tls = parts.scheme != "http"
        self._timeout_seconds = timeout_seconds
        self._tls: ssl.SSLContext | None = None
        self._idle: list[HTTPConnection] = []

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | None = None,
        view: memoryview | None = None,
    ) -> HttpResponse:
        """Send an idempotent request; raises one of CONNECTION_ERRORS.

        If a kept connection was closed by the host, it is opened again once. If `view` is given and
        a successful response has exactly as many bytes, they are written to `view`, and the
        response has no body.
        """
        connection = self._take()
        try:
            try:
                return _exchange(connection, method, target, headers, body, view)
            except TimeoutError:
                raise
            except CONNECTION_ERRORS:
                return _exchange(connection, method, target, headers, body, view)
        finally:
            self._idle.append(connection)

    def _take(self) -> HTTPConnection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._new_connection()
            finalize(self, connection.close)
            return connection

    def _new_connection(self) -> HTTPConnection:
        if not self._uses_tls:
            return HTTPConnection(self._host, self._port, timeout=self._timeout_seconds)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return HTTPSConnection(
            self._host, self._port, timeout=self._timeout_seconds, context=self._tls
        )


def send_with_retries(
    send: Callable[[], HttpResponse],
    is_temporary: Callable[[HttpResponse], bool],
    pauses_seconds: Iterable[float] | None = None,
) -> HttpResponse:
    """Return the response of `send`, which is called again after each pause if it fails or its
    response is a temporary error. AWS asks clients to retry, as its SDKs do."""
    for pause in PAUSES_SECONDS if pauses_seconds is None else pauses_seconds:
        with suppress(*CONNECTION_ERRORS):
            response = send()
            if not is_temporary(response):
                return response
        time.sleep(pause)
    return send()


def is_server_error(response: HttpResponse) -> bool:
    """Return True for the statuses from 500."""
    return response.status >= 500


def _exchange(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | memoryview | None,
    view: memoryview | None,
) -> HttpResponse:
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        if view is not None and response.status < 300 and response.length == len(view):
            _read_into(view, response)
            return HttpResponse(response.status, response.headers, b"")
        return HttpResponse(response.status, response.headers, response.read())
    except CONNECTION_ERRORS:
        connection.close()  # the next request opens it again
        raise


def _read_into(view: memoryview, response: HTTPResponse) -> None:
    """Fill `view` with the body; raises IncompleteRead if the body ends early."""
    filled = 0
    while filled < len(view):
        count = response.readinto(view[filled:])
        if not count:
            raise IncompleteRead(b"", len(view) - filled)
        filled += count
    response.read()  # returns nothing, but frees the connection for the next request

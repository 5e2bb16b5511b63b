"""Kept HTTP connections to one host: what a small function needs in place of an SDK's."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import Message
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import finalize

FAILURES = (OSError, HTTPException)
"""What a request raises that got no answer."""
PAUSES_SECONDS = (0.05, 0.2)
"""Between one attempt of a patient request and the next."""


class Reply(NamedTuple):
    """An answer, read to its end. Header names compare without case."""

    status: int
    headers: Message
    body: bytes


class Host:
    """Where to connect to, and how patient to be; `url` is scheme, host and port.

    All connections share one TLS context, which is made for the first request: that takes half as
    long as a cold start, and a function may have no occasion for it.
    """

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        self.url = url
        self._name, self._port = str(parts.hostname), parts.port
        self._secure = parts.scheme != "http"
        self._timeout_seconds = timeout_seconds
        self._tls: ssl.SSLContext | None = None

    def connection(self) -> KeptConnection:
        """A connection of its own, which is opened when it is first used."""
        return KeptConnection(self)

    def unopened(self) -> HTTPConnection:
        """The standard library's connection, with nothing sent yet."""
        if not self._secure:
            return HTTPConnection(self._name, self._port, timeout=self._timeout_seconds)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return HTTPSConnection(
            self._name, self._port, timeout=self._timeout_seconds, context=self._tls
        )


class KeptConnection:
    """A connection that stays open between requests, and is closed when its owner goes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connection: HTTPConnection | None = None

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | None = None,
    ) -> Reply:
        """Send a request that may be sent twice; raises one of FAILURES where nothing answers.

        A kept connection may have been closed at the other end: then it is opened anew, once.
        """
        try:
            return self._send_once(method, target, headers, body)
        except TimeoutError:
            raise
        except FAILURES:
            return self._send_once(method, target, headers, body)

    def request_into(
        self, method: str, target: str, headers: Mapping[str, str], view: memoryview
    ) -> Reply:
        """As `request`, but the body of a good answer fills `view`; the reply then has none.

        A good answer whose body is not exactly as long has it in the reply.
        """
        try:
            return self._send_once(method, target, headers, None, view)
        except TimeoutError:
            raise
        except FAILURES:
            return self._send_once(method, target, headers, None, view)

    def request_patiently(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        is_passing: Callable[[Reply], bool],
    ) -> Reply:
        """As `request`, but again after a pause where nothing answers, or the answer will pass.

        An SDK would do the same: S3 says 503 to one request in many, and means it for a moment.
        """
        for pause in PAUSES_SECONDS:
            with suppress(*FAILURES):
                reply = self.request(method, target, headers, body)
                if not is_passing(reply):
                    return reply
            time.sleep(pause)
        return self.request(method, target, headers, body)

    def _send_once(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        view: memoryview | None = None,
    ) -> Reply:
        connection = self._opened()
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            if view is not None and response.status < 300 and response.length == len(view):
                _fill(view, response)
                return Reply(response.status, response.headers, b"")
            return Reply(response.status, response.headers, response.read())
        except FAILURES:
            connection.close()
            raise

    def _opened(self) -> HTTPConnection:
        if self._connection is None:
            self._connection = self._host.unopened()
            finalize(self, self._connection.close)
        return self._connection


def _fill(view: memoryview, response: HTTPResponse) -> None:
    """Read exactly as many bytes as fit; IncompleteRead where they do not come."""
    filled = 0
    while filled < len(view):
        count = response.readinto(view[filled:])
        if not count:
            raise IncompleteRead(b"", len(view) - filled)
        filled += count
    response.read()  # nothing, but it lets the connection serve the next request

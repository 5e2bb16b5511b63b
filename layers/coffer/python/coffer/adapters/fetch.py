"""Small documents of other services: keys, secrets, and where those are."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

MAX_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0
_NO_HEADERS: Mapping[str, str] = {}


class FetchError(OSError):
    """The document cannot be had; the message says why and never quotes it."""


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = _NO_HEADERS,
    body: bytes | None = None,
) -> bytes:
    """The body of a 200 answer from `url`; FetchError for anything else.

    No redirect is followed, at most MAX_BYTES are read, and it takes about TIMEOUT_SECONDS at most.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    connection = _connect(url)
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection.request(method, path, body, headers={"User-Agent": "coffer", **headers})
        response = connection.getresponse()
        answer = _read(response, deadline)
    except (OSError, HTTPException) as error:
        raise FetchError(f"{parts.netloc} cannot be reached: {type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise FetchError(f"{parts.netloc} answered {response.status}")
    if len(answer) > MAX_BYTES:
        raise FetchError(f"{parts.netloc} answered more than {MAX_BYTES} bytes")
    return answer


def _read(response: HTTPResponse, deadline: float) -> bytes:
    """The body, or of too long a one a little more than MAX_BYTES; TimeoutError at the deadline."""
    answer = b""
    while len(answer) <= MAX_BYTES and (chunk := response.read1(64 * 1024)):
        answer += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return answer


def _connect(url: str) -> HTTPConnection:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise FetchError("the address cannot be read") from error
    if scheme == "https" and host:
        context = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    if scheme == "http" and host:
        return HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    raise FetchError("the address is neither http nor https")

"""Fetch small documents of other services over HTTP: public keys and secrets."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

MAX_DOCUMENT_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0
_NO_HEADERS: Mapping[str, str] = {}


class FetchError(OSError):
    """The document was not fetched. The message has the reason but not the document."""


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = _NO_HEADERS,
    body: bytes | None = None,
) -> bytes:
    """Return the body of a response with status 200; raise FetchError for anything else.

    Follows no redirect, reads at most MAX_DOCUMENT_BYTES, and takes about TIMEOUT_SECONDS at most.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    connection = _connect(url)
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection.request(method, path, body, headers={"User-Agent": "coffer", **headers})
        response = connection.getresponse()
        document = _read(response, deadline)
    except (OSError, HTTPException) as error:
        raise FetchError(f"{parts.netloc} cannot be reached: {type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise FetchError(f"{parts.netloc} answered {response.status}")
    if len(document) > MAX_DOCUMENT_BYTES:
        raise FetchError(f"{parts.netloc} answered more than {MAX_DOCUMENT_BYTES} bytes")
    return document


def _read(response: HTTPResponse, deadline: float) -> bytes:
    """Read until the end, a little over MAX_DOCUMENT_BYTES, or the deadline (TimeoutError)."""
    document = b""
    while len(document) <= MAX_DOCUMENT_BYTES and (chunk := response.read1(64 * 1024)):
        document += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return document


def _connect(url: str) -> HTTPConnection:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise FetchError("the address cannot be parsed") from error
    if scheme == "https" and host:
        context = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    if scheme == "http" and host:
        return HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    raise FetchError("the address is neither http nor https")

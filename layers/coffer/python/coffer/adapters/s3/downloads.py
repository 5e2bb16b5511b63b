"""The ObjectDownloads port: presigned links and small signed GETs, without an AWS client.

A function that only hands files out signs by hand and reads over one kept connection, so that it
starts without importing an SDK.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit
from weakref import finalize

from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectMissingError, UnavailableError

_TIMEOUT_SECONDS = 8
_PAUSES_SECONDS = (0.1, 0.2, 0.4)
"""Between tries of a request that S3 was too busy for. It asks its clients to try again, and an
SDK does; whoever waits at the end of all of them is told to."""
_BUSY = frozenset({429, 500, 502, 503, 504})
_NOTHING: Mapping[str, str] = {}


class SignedDownloads:
    """Reads one S3 bucket with signed requests."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._signer = signer
        self._endpoint = endpoint
        self._bucket = bucket
        self._clock = clock

    def presigned_url(self, key: str, *, media_type: str, disposition: str, life: timedelta) -> str:
        return self._signer.presign_url(
            "GET",
            self._endpoint.object_url(self._bucket, key),
            now=self._clock.now(),
            expires_in=life,
            query={
                "response-content-type": media_type,
                "response-content-disposition": disposition,
            },
        )

    def size(self, key: str) -> int:
        response, _ = self._exchange("HEAD", key, _NOTHING)
        return int(response.getheader("Content-Length", "0"))

    def read(self, key: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        _, body = self._exchange("GET", key, {"range": f"bytes={start}-{start + length - 1}"})
        return body

    def _exchange(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        """The store's good answer with its body; where it is busy, after a few more tries."""
        response, body = self._ask(method, key, headers)
        for pause in _PAUSES_SECONDS:
            if response.status not in _BUSY:
                break
            time.sleep(pause)
            response, body = self._ask(method, key, headers)
        if response.status in (200, 206):
            return response, body
        if response.status == 404:
            raise ObjectMissingError(key)
        raise _unavailable()

    def _ask(self, method: str, key: str, headers: Mapping[str, str]) -> tuple[HTTPResponse, bytes]:
        """The store's answer with its body; a kept connection may have died: one more try."""
        url = self._endpoint.object_url(self._bucket, key)
        signed = self._signer.sign_headers(method, url, now=self._clock.now(), headers=headers)
        path = urlsplit(url).path
        try:
            return self._send(method, path, signed)
        except (OSError, HTTPException):
            try:
                return self._send(method, path, signed)
            except (OSError, HTTPException) as error:
                raise _unavailable() from error

    def _send(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        try:
            self._connection.request(method, path, headers=dict(headers))
            response = self._connection.getresponse()
            return response, response.read()
        except (OSError, HTTPException):
            self._connection.close()  # the next request opens it again
            raise

    @cached_property
    def _connection(self) -> HTTPConnection:
        connection = _connect(self._endpoint.url)
        finalize(self, connection.close)
        return connection


def _connect(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)
    return HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "store_unavailable", "The object store cannot be reached right now. Try again."
    )

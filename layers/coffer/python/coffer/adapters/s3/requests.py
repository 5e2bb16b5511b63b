"""Requests to one S3 bucket: signed by hand, over kept connections, and again where it is busy.

An SDK costs five times the processor time a request and copies every body; an export makes
thousands of requests, and its memory is the size of a part.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPException
from urllib.parse import urlsplit

from coffer.adapters.http_connections import Host, KeptConnection, Reply
from coffer.adapters.s3.responses import error_code, failure
from coffer.adapters.signing.sigv4 import (
    UNSIGNED_PAYLOAD,
    Endpoint,
    Signer,
    encode_path,
    encode_query,
)
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError

TIMEOUT = timedelta(seconds=100)
"""How long one copy of a few GiB may take."""

_PAUSES_SECONDS = (0.1, 0.3, 1.0, 3.0)
_BUSY_STATUS = frozenset({429, 500, 502, 503, 504})
_BUSY_CODES = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"})
NOTHING: Mapping[str, str] = {}


class StoreRequests:
    """Any number of threads may ask at once: each takes a connection, and leaves it for others."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._signer = signer
        self._bucket_url = endpoint.bucket_url(bucket)
        self._clock = clock
        self._host = Host(endpoint.url, timeout_seconds=TIMEOUT.total_seconds())
        self._idle: list[KeptConnection] = []

    def ask(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | memoryview | None = None,
        view: memoryview | None = None,
    ) -> Reply:
        """The store's good answer; where it is busy, after a few more tries.

        No `key` asks about the bucket; `view` is filled with the body of the answer.
        Raises ObjectMissingError, ObjectChangedError, MultipartUploadMissingError and
        UnavailableError.
        """
        for pause in (*_PAUSES_SECONDS, None):
            try:
                reply = self._send(method, key, query, headers, body, view)
            except (OSError, HTTPException) as error:
                if pause is None:
                    raise _unavailable() from error
            else:
                code = error_code(reply)
                if not code:
                    return reply
                if reply.status not in _BUSY_STATUS and code not in _BUSY_CODES:
                    raise failure(code, reply, key)
            if pause is not None:
                time.sleep(pause)
        raise _unavailable()

    def _send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        view: memoryview | None,
    ) -> Reply:
        url = f"{self._bucket_url}/{encode_path(key)}" if key else self._bucket_url
        signed = self._signer.sign_headers(
            method,
            url,
            now=self._clock.now(),
            query=query,
            headers=headers,
            payload_hash=UNSIGNED_PAYLOAD,
        )
        encoded = encode_query(query)
        target = f"{urlsplit(url).path}?{encoded}" if encoded else urlsplit(url).path
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._host.connection()
        try:
            if view is not None:
                return connection.request_into(method, target, signed, view)
            return connection.request(method, target, signed, body)
        finally:
            self._idle.append(connection)


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "store_unavailable", "The object store cannot be reached right now. Try again."
    )

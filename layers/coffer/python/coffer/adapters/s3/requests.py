"""Signed requests to one S3 bucket over kept connections, without an AWS SDK.

An SDK takes five times the CPU time for a request, and copies every body. An export sends thousands
of requests and keeps one part in memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from coffer.adapters.http_connections import ConnectionPool, HttpResponse
from coffer.adapters.signing.sigv4 import UNSIGNED_PAYLOAD, Endpoint, Signer, encode_query
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError

BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
NOTHING: Mapping[str, str] = {}


class S3Requests:
    """Sends requests about one S3 bucket, from any number of threads."""

    def __init__(
        self,
        signer: Signer,
        endpoint: Endpoint,
        bucket: str,
        clock: Clock,
        *,
        timeout_seconds: float,
    ) -> None:
        self.signer = signer
        self._endpoint = endpoint
        self._bucket = bucket
        self._clock = clock
        self._pool = ConnectionPool(endpoint.url, timeout_seconds=timeout_seconds)

    def url(self, key: str) -> str:
        """Return the percent-encoded URL of an object, or of the bucket if `key` is empty."""
        if not key:
            return self._endpoint.bucket_url(self._bucket)
        return self._endpoint.object_url(self._bucket, key)

    def send(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | memoryview | None = None,
        view: memoryview | None = None,
        is_signed: bool = True,
    ) -> HttpResponse:
        """Return the response, whatever its status; raises one of CONNECTION_ERRORS.

        If `view` is given, it receives the body as in `ConnectionPool.request`.
        """
        url = self.url(key)
        if is_signed:
            headers = self.signer.sign_headers(
                method,
                url,
                now=self._clock.now(),
                query=query,
                headers=headers,
                payload_hash=UNSIGNED_PAYLOAD,
            )
        target = url.removeprefix(self._endpoint.url)
        if query:
            target = f"{target}?{encode_query(query)}"
        return self._pool.request(method, target, headers, body, view)


def store_unavailable() -> UnavailableError:
    """Return the error for a store that is busy or cannot be reached."""
    return UnavailableError(
        "store_unavailable", "The object store cannot be reached right now. Try again."
    )

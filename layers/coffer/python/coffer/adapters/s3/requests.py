"""Signed requests to one S3 bucket over kept connections, without an AWS SDK.

An SDK takes five times the CPU time for a request, and copies every body. An export sends thousands
of requests and keeps one part in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote

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

        S3 responds 404 about a missing object only to roles that may list the whole bucket. Our
        roles may list below some prefixes, so S3 responds 403. If a list does not have the key that
        the request reads, the returned status is 404.
        """
        response = self._send(method, key, query, headers, body, view, is_signed=is_signed)
        if response.status == HTTPStatus.FORBIDDEN and is_signed:
            read = self._copied_key(headers) or (key if method in ("GET", "HEAD") else "")
            if read and not self._may_exist(read):
                return response._replace(status=HTTPStatus.NOT_FOUND, body=b"")
        return response

    def _copied_key(self, headers: Mapping[str, str]) -> str:
        source = unquote(headers.get("x-amz-copy-source", ""))
        return source.removeprefix(f"/{self._bucket}/")

    def _may_exist(self, key: str) -> bool:
        """Return True if a list has the key, or if the store refuses the list."""
        # Its parser is imported only here, because few functions meet a missing object.
        from coffer.adapters.s3.responses import parse_xml

        query = {"list-type": "2", "prefix": key, "max-keys": "1"}
        response = self._send("GET", "", query, NOTHING, None, None, is_signed=True)
        if response.status != HTTPStatus.OK:
            return True
        # A key comes before all longer keys that begin with it.
        return parse_xml(response).findtext("Contents/Key") == key

    def _send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        view: memoryview | None,
        *,
        is_signed: bool,
    ) -> HttpResponse:
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

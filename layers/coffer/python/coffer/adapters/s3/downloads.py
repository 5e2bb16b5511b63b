"""The ObjectDownloads port on S3: presigned links and small downloads, without an AWS SDK."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime

from coffer.adapters.http_connections import CONNECTION_ERRORS, HttpResponse
from coffer.adapters.s3.requests import BUSY_STATUSES, NOTHING, S3Requests, store_unavailable
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectMissingError
from coffer.domain.objects import StoredObject

_TIMEOUT_SECONDS = 8
_PAUSES_SECONDS = (0.1, 0.2, 0.4)
"""The pauses between attempts if S3 is busy. S3 asks clients to retry, as an SDK does."""


class SignedDownloads:
    """Reads one S3 bucket with signed requests."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=_TIMEOUT_SECONDS
        )
        self._signer = signer
        self._clock = clock

    def presigned_url(self, key: str, *, media_type: str, disposition: str, life: timedelta) -> str:
        return self._signer.presign_url(
            "GET",
            self._requests.url(key),
            now=self._clock.now(),
            expires_in=life,
            query={
                "response-content-type": media_type,
                "response-content-disposition": disposition,
            },
        )

    def describe(self, key: str) -> StoredObject:
        headers = self._request("HEAD", key, NOTHING).headers
        return StoredObject(
            key=key,
            size_bytes=int(headers.get("Content-Length", "0")),
            etag=headers.get("ETag", "").strip('"'),
            last_modified=parsedate_to_datetime(headers["Last-Modified"]),
        )

    def read(self, key: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        return self._request("GET", key, {"range": f"bytes={start}-{start + length - 1}"}).body

    def _request(self, method: str, key: str, headers: Mapping[str, str]) -> HttpResponse:
        """Return a successful response, after retries if the store is busy."""
        for pause in (*_PAUSES_SECONDS, None):
            try:
                response = self._requests.send(method, key, headers=headers)
            except CONNECTION_ERRORS as error:
                raise store_unavailable() from error
            if response.status not in BUSY_STATUSES or pause is None:
                break
            time.sleep(pause)
        if response.status in (200, 206):
            return response
        if response.status == 404:
            raise ObjectMissingError(key)
        raise store_unavailable()

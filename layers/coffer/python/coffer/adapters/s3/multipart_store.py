"""The MultipartStore port on S3, without an AWS SDK.

S3 combines the CRC-32 of the parts to that of the object and compares it with the one in the
request to complete (S3 User Guide, "Checking object integrity", full object checksums). A store
without checksums ignores these headers.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

from coffer.adapters.http_connections import CONNECTION_ERRORS, HttpResponse, send_with_retries
from coffer.adapters.s3.requests import BUSY_STATUSES, NOTHING, S3Requests, store_unavailable
from coffer.adapters.s3.responses import error_code, parse_xml, text
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    PartsRefusedError,
    UnavailableError,
)
from coffer.domain.sessions.record import StoredPart
from coffer.domain.uploads.grant import GRANT_FIELD

_TIMEOUT_SECONDS = 25.0
"""Joining thousands of parts takes seconds; the gateway waits 30."""
_BUSY_CODES = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"})
_REFUSED = frozenset(
    {"BadDigest", "EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidRequest"}
)
_CHECKSUM = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}


class S3MultipartStore:
    """Multipart uploads of clients in one S3 bucket."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._requests = S3Requests(
            signer, endpoint, bucket, clock, timeout_seconds=_TIMEOUT_SECONDS
        )

    def create(self, key: str, *, grant: str, media_type: str | None) -> str:
        headers = {GRANT_FIELD: grant, **_CHECKSUM}
        if media_type is not None:
            headers["content-type"] = media_type
        response = self._request("POST", key, {"uploads": ""}, headers)
        return text(parse_xml(response), "UploadId")

    def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        listed: list[StoredPart] = []
        query = {"uploadId": upload}
        while True:
            document = parse_xml(self._request("GET", key, query))
            listed += (
                StoredPart(
                    int(part.findtext("PartNumber", "")),
                    part.findtext("ETag", "").strip('"'),
                    int(part.findtext("Size", "")),
                )
                for part in document.iter("Part")
            )
            if text(document, "IsTruncated") != "true":
                return listed
            marker = text(document, "NextPartNumberMarker")
            query = {**query, "part-number-marker": marker}

    def complete(
        self, key: str, upload: str, parts: Sequence[StoredPart], *, crc32: str | None
    ) -> None:
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber>"
            f"<ETag>&quot;{part.etag}&quot;</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        headers = {"content-type": "application/xml", "x-amz-checksum-type": "FULL_OBJECT"}
        if crc32 is not None:
            headers["x-amz-checksum-crc32"] = b64encode(bytes.fromhex(crc32)).decode()
        try:
            self._request("POST", key, {"uploadId": upload}, headers, body)
        except UnavailableError:
            # Ceph also reports a missing upload like this; a request for its parts shows it.
            self._request("GET", key, {"uploadId": upload, "max-parts": "1"})
            raise

    def abort(self, key: str, upload: str) -> None:
        try:
            self._request("DELETE", key, {"uploadId": upload})
        except MultipartUploadMissingError:
            return

    def _request(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
    ) -> HttpResponse:
        """Return a successful response, after retries if the store is busy.

        After a time-out the request is not repeated: the caller waits no longer.
        """

        def send() -> HttpResponse:
            try:
                return self._requests.send(method, key, query=query, headers=headers, body=body)
            except TimeoutError as error:
                raise store_unavailable() from error

        try:
            response = send_with_retries(send, _is_busy)
        except CONNECTION_ERRORS as error:
            raise store_unavailable() from error
        code = error_code(response)
        if _is_busy(response):
            raise store_unavailable()
        if code == "NoSuchUpload":
            raise MultipartUploadMissingError(key)
        if code in _REFUSED:
            raise PartsRefusedError(code, key)
        if code:
            raise RuntimeError(f"the store responded {response.status} {code} about {key}")
        return response


def _is_busy(response: HttpResponse) -> bool:
    code = error_code(response)
    return code in _BUSY_CODES or bool(code and response.status in BUSY_STATUSES)

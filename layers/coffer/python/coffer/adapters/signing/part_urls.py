"""Implement the PartUrls port with presigned URLs for parts of multipart uploads."""

from __future__ import annotations

from datetime import datetime

from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.sessions.record import PART_URL_LIFETIME


class SignedPartUrls:
    """Presigned URLs of one S3 bucket."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str) -> None:
        self._signer = signer
        self._endpoint = endpoint
        self._bucket = bucket

    def sign(self, key: str, upload: str, number: int, length: int | None, now: datetime) -> str:
        # Browsers and other clients send this header by themselves, with the real length.
        headers = {} if length is None else {"content-length": str(length)}
        return self._signer.presign_url(
            "PUT",
            self._endpoint.object_url(self._bucket, key),
            now=now,
            expires_in=PART_URL_LIFETIME,
            query={"partNumber": str(number), "uploadId": upload},
            headers=headers,
        )

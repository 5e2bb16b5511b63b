"""The payload of a signed request: decoded, and held against what the signature says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from local.s3.aws_chunked import ChunkedPayload, ChunkSignatures
from local.s3.errors import S3Error
from local.s3.messages import Request
from local.s3.sigv4 import (
    NAMED_PAYLOADS,
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    Caller,
)


class Payload:
    """Iterate for the bytes. When the iteration ends without an error they are what was signed.

    `length` is how many bytes that is; `trailers` is filled once the iteration is over.
    """

    def __init__(self, request: Request, caller: Caller | None) -> None:
        self._request = request
        self._caller = caller
        self._kind = UNSIGNED_PAYLOAD if caller is None else caller.payload
        self.trailers: dict[str, str] = {}
        self.length = self._length()

    def __iter__(self) -> Iterator[bytes]:
        if self._kind in (STREAMING_UNSIGNED_TRAILER, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER):
            yield from self._chunked()
        elif self._kind in NAMED_PAYLOADS:
            yield from self._request.body
        else:
            yield from self._hashed()

    def read_all(self, most: int) -> bytes:
        """A small body as a whole; MaxMessageLengthExceeded beyond `most` bytes."""
        if self.length > most:
            raise S3Error("MaxMessageLengthExceeded")
        return b"".join(self)

    def _length(self) -> int:
        if not self._kind.startswith("STREAMING-"):
            return self._request.body.length
        text = self._request.headers.get("x-amz-decoded-content-length") or ""
        if not (text.isascii() and text.isdigit()):
            raise S3Error(
                "MissingContentLength",
                "You must provide the x-amz-decoded-content-length HTTP header.",
            )
        return int(text)

    def _hashed(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in self._request.body:
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != self._kind:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                details={
                    "ClientComputedContentSHA256": self._kind,
                    "S3ComputedContentSHA256": digest.hexdigest(),
                },
            )

    def _chunked(self) -> Iterator[bytes]:
        signed = self._kind != STREAMING_UNSIGNED_TRAILER and self._caller is not None
        signatures = ChunkSignatures(self._caller) if signed and self._caller else None
        payload = ChunkedPayload(self._request.body, self.length, signatures)
        yield from payload
        self.trailers = payload.trailers

"""The payload of a signed request: decode it, and check it against the signature.

An `aws-chunked` body has chunks with signatures, and trailing headers. Source: Amazon S3 API
Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks" and the same "Including Trailing Headers".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from local.s3.errors import S3Error
from local.s3.messages import CHUNK_BYTES, Request, RequestBody
from local.s3.sigv4 import (
    EMPTY_SHA256,
    NAMED_PAYLOADS,
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    VerifiedCaller,
    sign,
    signature_mismatch,
)

MIN_CHUNK_BYTES = 8192
MAX_LINE_BYTES = 8192
MAX_TRAILER_LINES = 16


class LineReader:
    """Reads lines and byte ranges of a body through a small buffer."""

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._buffer = b""

    def line(self) -> bytes:
        """Return the next line without its line end."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise S3Error("IncompleteBody")
            data = self._body.read(CHUNK_BYTES)
            if not data:
                raise S3Error("IncompleteBody")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def read_bytes(self, length: int) -> Iterator[bytes]:
        """Yield exactly `length` bytes, in pieces."""
        while length:
            if not self._buffer:
                self._buffer = self._body.read(CHUNK_BYTES)
            piece, self._buffer = self._buffer[:length], self._buffer[length:]
            if not piece:
                raise S3Error("IncompleteBody")
            length -= len(piece)
            yield piece

    @property
    def exhausted(self) -> bool:
        return not self._buffer and self._body.remaining == 0


class ChunkSignatures:
    """Checks the chain of chunk signatures: each one also signs the signature before it."""

    def __init__(self, caller: VerifiedCaller) -> None:
        self._caller = caller
        self._previous = caller.signature

    def check_chunk(self, digest: str, signature: str) -> None:
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{digest}", signature)

    def check_trailer(self, lines: list[str], signature: str) -> None:
        digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        self._check("AWS4-HMAC-SHA256-TRAILER", digest, signature)

    def _check(self, algorithm: str, digests: str, signature: str) -> None:
        caller = self._caller
        text = "\n".join((algorithm, caller.amz_date, caller.scope.text, self._previous, digests))
        expected = sign(caller.signing_key, text)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise signature_mismatch(caller.access_key, text, signature)
        self._previous = expected


class ChunkedPayload:
    """An `aws-chunked` body: iterating yields the decoded bytes, and then sets `trailers`."""

    def __init__(
        self, body: RequestBody, decoded_length: int, signatures: ChunkSignatures | None
    ) -> None:
        self._reader = LineReader(body)
        self._decoded_length = decoded_length
        self._signatures = signatures
        self.trailers: dict[str, str] = {}

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        short_chunk = False
        while True:
            size, signature = self._chunk_head()
            seen += size
            if seen > self._decoded_length or (size and short_chunk):
                raise S3Error("InvalidChunkSizeError" if short_chunk else "IncompleteBody")
            short_chunk = self._signatures is not None and size < MIN_CHUNK_BYTES
            yield from self._chunk(size, signature)
            if size == 0:
                break
        if seen != self._decoded_length:
            raise S3Error("IncompleteBody")
        self._read_trailers()

    def _chunk_head(self) -> tuple[int, str]:
        line = self._reader.line().decode("latin-1")
        size, _, extension = line.partition(";")
        try:
            length = int(size, 16) if size.strip() == size and "_" not in size else -1
        except ValueError:
            length = -1
        if length < 0:
            raise S3Error("IncompleteBody", "The request body is not well-formed aws-chunked.")
        return length, extension.strip().removeprefix("chunk-signature=")

    def _chunk(self, size: int, signature: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in self._reader.read_bytes(size):
            if self._signatures is not None:
                digest.update(piece)
            yield piece
        if size and self._reader.line():
            raise S3Error("IncompleteBody", "The request body is not well-formed aws-chunked.")
        if self._signatures is not None:
            self._signatures.check_chunk(digest.hexdigest(), signature)

    def _read_trailers(self) -> None:
        lines: list[str] = []
        signature = ""
        for _ in range(MAX_TRAILER_LINES):
            if self._reader.exhausted:
                break
            line = self._reader.line().decode("latin-1")
            name, _, value = line.partition(":")
            if name.lower() == "x-amz-trailer-signature":
                signature = value.strip()
            elif line:
                lines.append(f"{name.lower().strip()}:{value.strip()}")
        else:
            raise S3Error("MalformedTrailerError")
        if lines and self._signatures is not None:
            self._signatures.check_trailer(lines, signature)
        self.trailers = dict(line.partition(":")[::2] for line in lines)


class Payload:
    """The decoded body of a request; iterating raises if it does not match the signature.

    `length` is the number of decoded bytes. `trailers` is set at the end of the iteration.
    """

    def __init__(self, request: Request, caller: VerifiedCaller | None) -> None:
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

    def read_all(self, max_bytes: int) -> bytes:
        """Return the whole body; raise MaxMessageLengthExceeded above `max_bytes`."""
        if self.length > max_bytes:
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

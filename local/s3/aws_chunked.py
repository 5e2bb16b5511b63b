"""`aws-chunked` bodies: chunks, their signatures, and what trails them.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
Payload in Multiple Chunks" and the same "Including Trailing Headers".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from local.s3.errors import S3Error
from local.s3.messages import CHUNK_BYTES, Body
from local.s3.sigv4 import EMPTY_SHA256, Caller, mismatch, sign

MIN_CHUNK_BYTES = 8192
MAX_LINE_BYTES = 8192
MAX_TRAILER_LINES = 16


class LineReader:
    """Lines and stretches of a body, from one buffer that stays small."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._buffer = b""

    def line(self) -> bytes:
        """Up to the next line feed, without it and a carriage return before it."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise S3Error("IncompleteBody")
            data = self._body.read(CHUNK_BYTES)
            if not data:
                raise S3Error("IncompleteBody")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def stretch(self, length: int) -> Iterator[bytes]:
        """Exactly `length` bytes, in pieces."""
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
    """The chain of signatures: each chunk's is made over the one before."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._previous = caller.signature

    def check_chunk(self, digest: str, signature: str) -> None:
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{digest}", signature)

    def check_trailer(self, lines: list[str], signature: str) -> None:
        digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        self._check("AWS4-HMAC-SHA256-TRAILER", digest, signature)

    def _check(self, algorithm: str, what: str, signature: str) -> None:
        caller = self._caller
        text = "\n".join((algorithm, caller.amz_date, caller.scope.text, self._previous, what))
        expected = sign(caller.signing_key, text)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise mismatch(caller.access_key, text, signature)
        self._previous = expected


class ChunkedPayload:
    """Iterate to get the decoded bytes; afterwards `trailers` holds what came behind them."""

    def __init__(self, body: Body, decoded_length: int, signatures: ChunkSignatures | None) -> None:
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
        for piece in self._reader.stretch(size):
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

"""Where the detector reads from: a port of random access, and its form for bytes in memory."""

from __future__ import annotations

from typing import Protocol


class ByteReader(Protocol):
    """Random access to the bytes of one file, such as ranged GETs give.

    Errors of the medium (a store that is down, a deleted object) are the reader's to raise and
    pass through the detector; reading within the file never raises for the content's sake.
    """

    @property
    def size_bytes(self) -> int:
        """Length of the whole file in bytes."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """`length` bytes from offset `start`; fewer only where the file ends before that."""
        ...


class BufferReader:
    """A file that is already in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size_bytes(self) -> int:
        """Length of the buffer in bytes."""
        return len(self._content)

    def read(self, start: int, length: int) -> bytes:
        """A slice of the buffer."""
        return self._content[start : start + length]

"""Read the parts of a file that detection needs, within a budget of reads and bytes."""

from __future__ import annotations

from typing import Protocol

HEAD_BYTES = 65_536
MAX_READS = 4
MAX_READ_BYTES = 262_144


class ByteReader(Protocol):
    """Random access to the bytes of one file, such as by ranged GETs.

    The reader may raise errors of its medium, such as a store that is down; detection passes them
    on. It raises nothing because of the content.
    """

    @property
    def size_bytes(self) -> int:
        """Length of the whole file in bytes."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Return `length` bytes from offset `start`, fewer only at the end of the file."""
        ...


class BufferReader:
    """Reads a file that is in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size_bytes(self) -> int:
        """Length of the buffer in bytes."""
        return len(self._content)

    def read(self, start: int, length: int) -> bytes:
        """Return a slice of the buffer."""
        return self._content[start : start + length]


class Window:
    """The blocks of one file that were read so far.

    The head (bytes 0 to 65,535) is read when the window is created, each other block at most once.
    When the budget of reads or bytes is used up, nothing more is read.
    """

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._blocks: list[tuple[int, bytes]] = []
        self._reads_left = MAX_READS
        self._bytes_left = MAX_READ_BYTES
        self.size_bytes = reader.size_bytes
        self.head = self._read(0, HEAD_BYTES)

    @property
    def blocks(self) -> list[bytes]:
        """All blocks that were read, the head first."""
        return [block for _, block in self._blocks]

    def held(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start` that were read before."""
        best = b""
        for block_start, block in self._blocks:
            if block_start <= start < block_start + len(block):
                found = block[start - block_start : start - block_start + length]
                best = max(best, found, key=len)
        return best

    def fetch(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Return bytes from `start`; if they must be read, read `ahead` bytes for later calls.

        Fewer than `length` at the end of the file and when the budget is used up.
        """
        if start < 0 or start >= self.size_bytes:
            return b""
        wanted = min(length, self.size_bytes - start)
        found = self.held(start, wanted)
        if len(found) < wanted and self._reads_left and self._bytes_left:
            self._read(start, min(max(length, ahead), self.size_bytes - start))
            found = self.held(start, wanted)
        return found

    def fetch_tail(self, length: int) -> bytes:
        """Return the last `length` bytes of the file, without reading the head again."""
        start = max(0, self.size_bytes - length)
        if start < len(self.head):
            rest = self.fetch(len(self.head), self.size_bytes - len(self.head))
            return self.head[start:] + rest
        return self.fetch(start, length)

    def _read(self, start: int, length: int) -> bytes:
        allowed = min(length, self._bytes_left)
        self._reads_left -= 1
        # A reader that returns more than requested must not exceed the budget.
        block = self._reader.read(start, allowed)[:allowed]
        self._bytes_left -= len(block)
        self._blocks.append((start, block))
        return block

"""What the detector may read of a file: its head, and a few more blocks where they are needed."""

from __future__ import annotations

from coffer.domain.detection.readers import ByteReader

HEAD_BYTES = 65_536
MAX_READS = 4
MAX_BYTES = 262_144


class Window:
    """The parts of one file that were read so far, within a budget for the whole detection.

    The head (bytes 0 to 65,535) is read at once. Every other block is read at most once; when
    the budget of reads or bytes is spent, what is not there yet stays unknown.
    """

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._blocks: list[tuple[int, bytes]] = []
        self._reads_left = MAX_READS
        self._bytes_left = MAX_BYTES
        self.size_bytes = reader.size_bytes
        self.head = self._read(0, HEAD_BYTES)

    @property
    def blocks(self) -> list[bytes]:
        """All that was read, the head first."""
        return [block for _, block in self._blocks]

    def held(self, start: int, length: int) -> bytes:
        """Bytes from `start` that were read already: `length` of them, or fewer, or none."""
        best = b""
        for block_start, block in self._blocks:
            if block_start <= start < block_start + len(block):
                found = block[start - block_start : start - block_start + length]
                best = max(best, found, key=len)
        return best

    def fetch(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Bytes from `start`, read now if they were not, with `ahead` more bytes for later.

        Fewer than `length` at the end of the file and when the budget is spent.
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
        """The last `length` bytes of the file; what of them is in the head is not read again."""
        start = max(0, self.size_bytes - length)
        if start < len(self.head):
            rest = self.fetch(len(self.head), self.size_bytes - len(self.head))
            return self.head[start:] + rest
        return self.fetch(start, length)

    def _read(self, start: int, length: int) -> bytes:
        allowed = min(length, self._bytes_left)
        self._reads_left -= 1
        # A reader that gives more than it was asked for must not get past the budget.
        block = self._reader.read(start, allowed)[:allowed]
        self._bytes_left -= len(block)
        self._blocks.append((start, block))
        return block

"""Read the parts of an archive that a page needs, within the budget that detection has."""

from __future__ import annotations

from coffer.domain.detection.window import MAX_READ_BYTES, MAX_READS, ByteReader


class BoundedReads:
    """Reads ranges of one file: at most four, with at most 256 KiB together."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self.size_bytes = reader.size_bytes
        self.reads_left = MAX_READS
        self.bytes_left = MAX_READ_BYTES

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`.

        Fewer at the end of the file, and nothing outside of it or if the budget is used up.
        """
        length = min(length, self.size_bytes - start, self.bytes_left)
        if start < 0 or length <= 0 or self.reads_left == 0:
            return b""
        self.reads_left -= 1
        block = self._reader.read(start, length)[:length]
        self.bytes_left -= len(block)
        return block

"""Bodies of objects that are generated when they are read, so that a store can hold terabytes."""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Protocol

BLOCK_BYTES = 64 * 1024


class Body(Protocol):
    """The bytes of an object."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, start: int, length: int) -> bytes: ...


class BytesBody:
    """Bytes in memory."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    @property
    def size_bytes(self) -> int:
        return len(self._body)

    @property
    def crc32(self) -> int:
        return zlib.crc32(self._body)

    def read(self, start: int, length: int) -> bytes:
        return self._body[start : start + length]


class GeneratedBody:
    """One block of random bytes, repeated. The seed determines the block."""

    def __init__(self, seed: int, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._seed = seed
        self._block = _block(seed)

    def read(self, start: int, length: int) -> bytes:
        length = max(0, min(length, self.size_bytes - start))
        first = start % BLOCK_BYTES
        if first + length <= BLOCK_BYTES:
            return self._block[first : first + length]
        repeated = self._block * ((first + length) // BLOCK_BYTES + 1)
        return repeated[first : first + length]

    @property
    def crc32(self) -> int:
        """The CRC-32 of the whole body, computed without generating it."""
        whole, rest = divmod(self.size_bytes, BLOCK_BYTES)
        crc32 = 0
        block, length = zlib.crc32(self._block), BLOCK_BYTES
        done = 0
        # Square and multiply: blocks are doubled, and joined for each 1 in the binary count.
        while whole:
            if whole & 1:
                crc32 = joined_crc32(crc32, block, length) if done else block
                done = 1
            block, length = joined_crc32(block, block, length), 2 * length
            whole >>= 1
        return zlib.crc32(self._block[:rest], crc32)


class JoinedBody:
    """Byte ranges of other bodies, one after the other."""

    def __init__(self, ranges: Sequence[tuple[Body, int, int]]) -> None:
        self._ranges = ranges
        self._ends = list(accumulate(length for _, _, length in ranges))

    @property
    def size_bytes(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, start: int, length: int) -> bytes:
        pieces = []
        end = min(start + length, self.size_bytes)
        while start < end:
            number = bisect_right(self._ends, start)
            body, first, size = self._ranges[number]
            inside = start - (self._ends[number] - size)
            taken = min(size - inside, end - start)
            pieces.append(body.read(first + inside, taken))
            start += taken
        return b"".join(pieces)


def joined_crc32(first: int, second: int, second_bytes: int) -> int:
    """Return the CRC-32 of two byte sequences from the CRC-32 of each (zlib's crc32_combine).

    Appending zero bytes multiplies a CRC-32 by a matrix over GF(2)."""
    for position in range(second_bytes.bit_length()):
        if second_bytes >> position & 1:
            first = _times(_zero_bytes(position), first)
    return first ^ second


def _times(matrix: Sequence[int], vector: int) -> int:
    product = 0
    for row in matrix:
        if not vector:
            break
        if vector & 1:
            product ^= row
        vector >>= 1
    return product


@cache
def _zero_bytes(power: int) -> tuple[int, ...]:
    """Return the matrix of appending 2 ** power zero bytes."""
    if power > 0:
        half = _zero_bytes(power - 1)
        return tuple(_times(half, row) for row in half)
    matrix: tuple[int, ...] = (0xEDB88320, *(1 << bit for bit in range(31)))
    for _ in range(3):
        matrix = tuple(_times(matrix, row) for row in matrix)
    return matrix


@cache
def _block(seed: int) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(BLOCK_BYTES)


def etag_of_body(body: Body) -> str:
    """Return an ETag computed from the bytes; for large bodies from some of them."""
    size = body.size_bytes
    digest = hashlib.md5(str(size).encode(), usedforsecurity=False)
    for start in {0, size // 2, max(0, size - 4096)} if size > 1 << 20 else {0}:
        digest.update(body.read(start, min(size, 4096 if size > 1 << 20 else size)))
    return digest.hexdigest()

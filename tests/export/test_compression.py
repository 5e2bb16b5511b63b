"""Checksums and compression agree with zlib, also with stored blocks in between."""

from __future__ import annotations

import random
import zlib

from hypothesis import given
from hypothesis import strategies as st

from coffer.adapters.compression import FastCompression
from coffer.domain.export.zip_format import max_deflated_bytes, stored_blocks

FAST = FastCompression()
BODIES = st.sampled_from(
    [
        b"",
        b"a",
        b"leaf " * 40,
        bytes(200_000),
        bytes(n * n % 251 for n in range(70_000)),
        random.Random(1).randbytes(150_000),
        random.Random(2).randbytes(65_535),
        random.Random(3).randbytes(65_536) + bytes(65_536),
    ]
)


def decompress(packed: bytes) -> bytes:
    return zlib.decompress(packed, -zlib.MAX_WBITS)


@given(st.lists(BODIES, max_size=4))
def test_checksums_continue_from_each_other_as_with_zlib(bodies: list[bytes]) -> None:
    crc32 = 0
    for body in bodies:
        crc32 = FAST.crc32(memoryview(body), crc32)
    assert crc32 == zlib.crc32(b"".join(bodies))


@given(st.lists(BODIES, max_size=4))
def test_a_flush_returns_all_data_so_far(bodies: list[bytes]) -> None:
    compressor, reader = FAST.compressor(), zlib.decompressobj(-zlib.MAX_WBITS)
    for body in bodies:
        packed = compressor.compress(memoryview(body)) + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert reader.decompress(packed) == body
    reader.decompress(compressor.flush(zlib.Z_FINISH))
    assert reader.eof


@given(BODIES, BODIES, BODIES)
def test_stored_blocks_can_replace_compressed_data(
    before: bytes, stored: bytes, behind: bytes
) -> None:
    compressor = FAST.compressor()
    packed = compressor.compress(before) + compressor.flush(zlib.Z_SYNC_FLUSH)
    compressor.compress(stored)
    compressor.flush(zlib.Z_SYNC_FLUSH)
    packed += stored_blocks(memoryview(stored))
    packed += compressor.compress(stored + behind) + compressor.flush(zlib.Z_FINISH)
    assert decompress(packed) == before + stored + stored + behind


@given(st.integers(0, 1 << 40))
def test_the_bound_of_the_layout_holds_for_stored_blocks(size_bytes: int) -> None:
    blocks = -(-size_bytes // 65_535)
    flushes_and_end = 32
    assert size_bytes + 5 * blocks + flushes_and_end <= max_deflated_bytes(size_bytes)
    assert len(stored_blocks(bytes(size_bytes % 200_000))) <= max_deflated_bytes(
        size_bytes % 200_000
    )

"""Detect compressed single files by their first bytes, and gzip also by its content.

These are the formats that Apache Commons Compress recognises for Apache Tika, in addition to the
signatures of the registry.
"""

from __future__ import annotations

import zlib

from coffer.domain.detection.plain_text import begins_as_text
from coffer.domain.detection.window import Window

_GZIP = b"\x1f\x8b"
_PEEK_PACKED_BYTES = 1024
_PEEK_BYTES = 64
_INSIDE_GZIP = (
    (b"WARC/", "application/warc+gz"),
    (b"filedesc://", "application/arc+gz"),
    (b"BAM\x01", "application/x-bam"),  # SAM/BAM Format Specification, section 4.2
    (b"BCF\x02", "application/x-bcf"),  # VCF 4.3 and BCF 2.2 Specification, section 6
)
_STARTS = (
    (b"]\x00\x00", "application/x-lzma"),
    (b"\xca\xfe\xd0\x0d", "application/x-java-pack200"),
    (b"\xff\x06\x00\x00sNaPpY", "application/x-snappy-framed"),
)
_BZIP2_BLOCK = b"1AY&SY"
# A Zstandard file may start with skippable frames (RFC 8878, 3.1.2): 0x184D2A5?, little-endian.
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"


def compressed_type(window: Window) -> str | None:
    """Return the type of a compressed file, or None."""
    head = window.head
    if head.startswith(_GZIP):
        inside = _peek(head[:_PEEK_PACKED_BYTES])
        return next((k for mark, k in _INSIDE_GZIP if inside.startswith(mark)), "application/gzip")
    if head[1:4] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50:
        return "application/zstd"
    if head.startswith(b"BZh") and (head[4:10] == _BZIP2_BLOCK or not begins_as_text(head)):
        return "application/x-bzip2"
    return next((kind for mark, kind in _STARTS if head.startswith(mark)), None)


def _peek(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(packed, _PEEK_BYTES)
    except zlib.error:
        return b""

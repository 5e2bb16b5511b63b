"""Tape archives: tar of every age, and dumps of Unix file systems.

A tar header has a checksum; that tells even the oldest tar, which has no signature at all. The
rule and the offsets are those of Apache Commons Compress, which Apache Tika asks.
"""

from __future__ import annotations

from coffer.domain.detection.windows import Window

_BLOCK_BYTES = 512
_CHECKSUM = slice(148, 156)
# POSIX, GNU, and Ant, which leaves out the version.
_SIGNATURES = (b"ustar\x0000", b"ustar  \x00", b"ustar\x00\x00\x00")
_DUMP_MAGIC = (60_012).to_bytes(4, "little")
_DUMP_MAGIC_OFFSET = 24


def tape_type(window: Window) -> str | None:
    """tar or dump, by header; None of anything else."""
    header = window.head[:_BLOCK_BYTES]
    if header[_DUMP_MAGIC_OFFSET : _DUMP_MAGIC_OFFSET + 4] == _DUMP_MAGIC:
        return "application/x-tika-unix-dump"
    if len(header) < _BLOCK_BYTES:
        return None
    if header.startswith(_SIGNATURES, 257) or _checksum_holds(header):
        return "application/x-tar"
    return None


def _checksum_holds(header: bytes) -> bool:
    """Whether the sum of all bytes, the sum's own field taken as blanks, is the one it states."""
    field = header[_CHECKSUM].strip(b" \x00")
    if not field or any(byte not in b"01234567" for byte in field):
        return False
    blanked = header[:148] + b" " * 8 + header[156:]
    stated = int(field, 8)
    signed = sum(byte - 256 if byte > 127 else byte for byte in blanked)
    named = header[0] != 0
    return named and stated in (sum(blanked), signed)

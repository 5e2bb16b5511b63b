"""Detect tar archives and dumps of Unix file systems.

The oldest tar format has no signature, so the checksum of the header is compared. Rules and offsets
are those of Apache Commons Compress, which Apache Tika uses.
"""

from __future__ import annotations

from coffer.domain.detection.window import Window

_BLOCK_BYTES = 512
_CHECKSUM = slice(148, 156)
# POSIX, GNU, and Ant, which omits the version.
_SIGNATURES = (b"ustar\x0000", b"ustar  \x00", b"ustar\x00\x00\x00")
_DUMP_MAGIC = (60_012).to_bytes(4, "little")
_DUMP_MAGIC_OFFSET = 24


def tar_type(window: Window) -> str | None:
    """Return the type of a tar archive or a dump, or None."""
    header = window.head[:_BLOCK_BYTES]
    if header[_DUMP_MAGIC_OFFSET : _DUMP_MAGIC_OFFSET + 4] == _DUMP_MAGIC:
        return "application/x-tika-unix-dump"
    if len(header) < _BLOCK_BYTES:
        return None
    if header.startswith(_SIGNATURES, 257) or _has_valid_checksum(header):
        return "application/x-tar"
    return None


def _has_valid_checksum(header: bytes) -> bool:
    """True if the header's checksum is the sum of its bytes, with blanks in the checksum field."""
    field = header[_CHECKSUM].strip(b" \x00")
    if not field or any(byte not in b"01234567" for byte in field):
        return False
    blanked = header[:148] + b" " * 8 + header[156:]
    stated = int(field, 8)
    signed = sum(byte - 256 if byte > 127 else byte for byte in blanked)
    named = header[0] != 0
    return named and stated in (sum(blanked), signed)

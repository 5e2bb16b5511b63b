"""Matroska and WebM: one container, told apart by the document type in its header."""

from __future__ import annotations

_EBML = b"\x1aE\xdf\xa3"
# The element's id, its length (four bytes), and what it holds (Matroska, RFC 9559, section 5.1).
_WEBM_DOCUMENT = b"\x42\x82\x84webm"
_HEADER_BYTES = 128


def webm(head: bytes) -> str | None:
    """WebM by its document type. Tika tells it by the name alone, which may still say Matroska."""
    declared = head.startswith(_EBML) and _WEBM_DOCUMENT in head[:_HEADER_BYTES]
    return "video/webm" if declared else None

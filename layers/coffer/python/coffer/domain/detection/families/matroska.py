"""Recognise WebM, which has the same container as Matroska, by its document type."""

from __future__ import annotations

_EBML = b"\x1aE\xdf\xa3"
# The element's id, its length (four bytes) and its value (Matroska, RFC 9559, section 5.1).
_WEBM_DOCUMENT = b"\x42\x82\x84webm"
_HEADER_BYTES = 128


def webm(head: bytes) -> str | None:
    """Recognise WebM by its document type. Tika recognises it by the name only."""
    declared = head.startswith(_EBML) and _WEBM_DOCUMENT in head[:_HEADER_BYTES]
    return "video/webm" if declared else None

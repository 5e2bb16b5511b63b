"""From the bytes and the name of a file to its media type."""

from __future__ import annotations

from dataclasses import dataclass

import filetype

from coffer.domain.detection.media_types import (
    OCTET_STREAM,
    PLAIN_TEXT,
    extensions_of,
    type_of_extension,
)
from coffer.domain.detection.readers import ByteReader

HEAD_BYTES = 65536
_TEXT_CONTROLS = frozenset(b"\t\n\x0c\r\x08\x1b")
_GENERIC = frozenset({OCTET_STREAM, PLAIN_TEXT, "application/zip", "application/x-tika-msoffice"})


@dataclass(frozen=True, slots=True)
class Detection:
    """What a file is: its media type, and that type's primary extension with the dot, or ""."""

    media_type: str
    extension: str


def detect(reader: ByteReader, name: str | None) -> Detection:
    """What the file behind `reader`, uploaded as `name`, is. The content never makes it raise."""
    head = reader.read(0, HEAD_BYTES)
    media_type = _by_content(head)
    named = type_of_extension("." + name.rpartition(".")[2].lower()) if name else None
    if named and _specialises(named, media_type):
        media_type = named
    known = extensions_of(media_type)
    return Detection(media_type, known[0] if known else "")


def _by_content(head: bytes) -> str:
    if head and all(byte >= 32 or byte in _TEXT_CONTROLS for byte in head[:512]):
        return "application/pdf" if head.startswith(b"%PDF-") else PLAIN_TEXT
    if head.startswith(b"MZ"):
        return "application/x-msdownload"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "application/x-tika-msoffice"
    kind = filetype.guess(head)
    return str(kind.mime) if kind else OCTET_STREAM


def _specialises(named: str, media_type: str) -> bool:
    if media_type == PLAIN_TEXT:
        return named.startswith("text/") or named in ("application/xml", "application/json")
    return media_type in _GENERIC

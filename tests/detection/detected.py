"""Detect bytes in memory, for the tests of detection."""

from __future__ import annotations

from coffer.domain.detection import BufferReader, detect


def type_of(content: bytes | str, name: str | None = None) -> str:
    """Return the detected media type of some content under some name."""
    encoded = content.encode() if isinstance(content, str) else content
    return detect(BufferReader(encoded), name).media_type

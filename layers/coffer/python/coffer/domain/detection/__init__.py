"""Detect the media type of a file: by its bytes first, then by its name."""

from coffer.domain.detection.detector import Detection, detect
from coffer.domain.detection.registry import canonical, extensions_of, is_a, known_media_types
from coffer.domain.detection.window import BufferReader, ByteReader

__all__ = [
    "BufferReader",
    "ByteReader",
    "Detection",
    "canonical",
    "detect",
    "extensions_of",
    "is_a",
    "known_media_types",
]

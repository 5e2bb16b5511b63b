"""What kind of file this is: by its bytes first, by its name where the bytes leave it open."""

from coffer.domain.detection.detector import Detection, detect
from coffer.domain.detection.hierarchy import canonical, is_a
from coffer.domain.detection.media_types import extensions_of, known_media_types
from coffer.domain.detection.readers import BufferReader, ByteReader

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

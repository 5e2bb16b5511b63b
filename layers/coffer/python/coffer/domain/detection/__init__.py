"""What kind of file this is: by its bytes first, by its name where the bytes leave it open."""

from coffer.domain.detection.detector import Detection, detect
from coffer.domain.detection.media_types import KNOWN_MEDIA_TYPES, extensions_of
from coffer.domain.detection.readers import BufferReader, ByteReader

__all__ = [
    "KNOWN_MEDIA_TYPES",
    "BufferReader",
    "ByteReader",
    "Detection",
    "detect",
    "extensions_of",
]

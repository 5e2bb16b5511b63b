"""Media types: which one is recorded, what kind of thing it is, and what is refused.

The evaluation table, the forbidden types and dcType are the reference's (object-store-api 1.31:
MediaTypeDetectionStrategy, ObjectUploadService, DcType). Changed on purpose: `image/svg+xml` is
an IMAGE.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from coffer.domain.file_names import extension_of

OCTET_STREAM = "application/octet-stream"

IMAGEABLE_TYPES = frozenset(
    {
        "application/pdf",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/heic-sequence",
        "image/heif",
        "image/heif-sequence",
        "image/jp2",
        "image/jpeg",
        "image/jpx",
        "image/png",
        "image/tiff",
        "image/webp",
        "image/x-jp2-codestream",
        "image/x-jp2-container",
        "image/x-portable-anymap",
        "image/x-portable-bitmap",
        "image/x-portable-graymap",
        "image/x-portable-pixmap",
        # Camera raw, by the JPEG that the camera put into it.
        "image/x-canon-cr2",
        "image/x-canon-cr3",
        "image/x-raw-adobe",
        "image/x-raw-fuji",
        "image/x-raw-nikon",
        "image/x-raw-olympus",
        "image/x-raw-panasonic",
        "image/x-raw-pentax",
        "image/x-raw-sony",
    }
)
"""What a thumbnail can be made of; whatever else there is says UNSUPPORTED. SVG is none of them: it
is a program that draws, and may fetch what it draws."""


class DcType(StrEnum):
    """The kind of a resource, with the reference's labels."""

    IMAGE = "IMAGE"
    MOVING_IMAGE = "MOVING_IMAGE"
    SOUND = "SOUND"
    TEXT = "TEXT"
    DATASET = "DATASET"
    UNDETERMINED = "UNDETERMINED"

    @property
    def label(self) -> str:
        """As a person reads it: `Moving Image`."""
        return self.value.replace("_", " ").title()

    @classmethod
    def parse(cls, text: str) -> DcType | None:
        """The kind that `text` names: only letters count, without case; None if it names none."""
        wanted = _letters(text)
        return next((kind for kind in cls if _letters(kind.value) == wanted), None)


_DATASET_TYPES = frozenset(
    {
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/json",
    }
)
_TEXT_TYPES = frozenset(
    {
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.oasis.opendocument.text",
    }
)
_SUBTYPE_CHARACTERS = frozenset("_.-")


def base_type(media_type: str) -> str:
    """The media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def dc_type_of(media_type: str) -> DcType:
    """The kind of thing that a media type stands for."""
    if media_type == "image/svg+xml":
        return DcType.IMAGE
    if media_type in _DATASET_TYPES:
        return DcType.DATASET
    if media_type in _TEXT_TYPES:
        return DcType.TEXT
    family, _, subtype = media_type.partition("/")
    plain = bool(subtype) and all(c.isalnum() or c in _SUBTYPE_CHARACTERS for c in subtype)
    families = {
        "image": DcType.IMAGE,
        "video": DcType.MOVING_IMAGE,
        "audio": DcType.SOUND,
        "text": DcType.TEXT,
    }
    return families.get(family, DcType.UNDETERMINED) if plain else DcType.UNDETERMINED


def is_imageable(media_type: str) -> bool:
    """Whether a thumbnail can be made of a file detected as this type."""
    return base_type(media_type) in IMAGEABLE_TYPES


def evaluate_media_type(
    received: str | None,
    detected: str,
    name: str | None,
    extensions_of: Callable[[str], tuple[str, ...]],
) -> str:
    """The media type to record: what was declared, unless nothing useful was.

    Declared as `application/octet-stream`, the detected type counts only if the name's extension
    is one of its own (`extensions_of`); else what was declared stands, even if it is wrong.
    """
    declared = (received or "").strip()
    if not declared:
        return detected
    if base_type(declared) == OCTET_STREAM and detected != OCTET_STREAM:
        # Some known extensions have capitals (`.C` is C++), a name's extension never.
        known = {extension.lower() for extension in extensions_of(detected)}
        return detected if extension_of(name) in known else declared
    return declared


def evaluate_extension(name: str | None, detected_extension: str) -> str:
    """The extension to record: the name's own, else the detected type's, never the declared's."""
    return extension_of(name) or detected_extension


def _letters(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalpha())

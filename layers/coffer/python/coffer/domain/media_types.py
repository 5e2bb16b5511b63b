"""Choose the media type to record, its dcType, and if it gets a thumbnail.

The evaluation table is the reference's (object-store-api 1.31: MediaTypeDetectionStrategy). Single
types are in `media_types.txt`, and those that may not be uploaded in `uploads.forbidden_types`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from coffer.domain.errors import InvalidError
from coffer.domain.file_names import extension_of
from coffer.domain.text_tables import read_table

OCTET_STREAM = "application/octet-stream"
PDF = "application/pdf"
MAX_MEDIA_TYPE_LENGTH = 150


class DcType(StrEnum):
    """The type of a resource, as the reference names it."""

    IMAGE = "IMAGE"
    MOVING_IMAGE = "MOVING_IMAGE"
    SOUND = "SOUND"
    TEXT = "TEXT"
    DATASET = "DATASET"
    UNDETERMINED = "UNDETERMINED"

    @property
    def label(self) -> str:
        """Return the text for people, such as `Moving Image`."""
        return self.value.replace("_", " ").title()

    @classmethod
    def parse(cls, text: str) -> DcType | None:
        """Return the type of this name, or None. Only letters count, in any case."""
        wanted = _letters(text)
        return next((one for one in cls if _letters(one.value) == wanted), None)


_ROWS = {media_type: row for media_type, *row in read_table(__file__, "media_types.txt")}
_DC_TYPES = {name: DcType(row[0]) for name, row in _ROWS.items() if row[0] != "-"}
THUMBNAILS = {name: row[1] for name, row in _ROWS.items() if row[1] != "-"}
"""Types of which thumbnails are made, and `picture`, `raw` or `pages` for each."""
INERT_TYPES = frozenset(name for name, row in _ROWS.items() if row[2] == "inert")
"""Types in which a browser runs nothing."""

_FAMILIES = {
    "image": DcType.IMAGE,
    "video": DcType.MOVING_IMAGE,
    "audio": DcType.SOUND,
    "text": DcType.TEXT,
}
_SUBTYPE_CHARACTERS = frozenset("_.-")


def base_type(media_type: str) -> str:
    """Return the media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def dc_type_of(media_type: str) -> DcType:
    """Return the dcType of files of a media type."""
    if media_type in _DC_TYPES:
        return _DC_TYPES[media_type]
    family, _, subtype = media_type.partition("/")
    is_plain = bool(subtype) and all(c.isalnum() or c in _SUBTYPE_CHARACTERS for c in subtype)
    return _FAMILIES.get(family, DcType.UNDETERMINED) if is_plain else DcType.UNDETERMINED


def is_imageable(media_type: str) -> bool:
    """True if thumbnails are made of files detected as this type."""
    return base_type(media_type) in THUMBNAILS


def is_header_value(media_type: str) -> bool:
    """True if a header can hold the media type: it is printable ASCII."""
    return media_type.isascii() and media_type.isprintable()


def is_inert(media_type: str) -> bool:
    """True if a browser runs nothing in files of this type.

    A browser takes the last type of a list (`text/plain;a=b, text/html`), so lists are not inert.
    """
    return "," not in media_type and base_type(media_type) in INERT_TYPES


def parse_media_type(received: str | None, *, pointer: str | None = None) -> str | None:
    """Return the declared media type without surrounding space, or None if none was declared.

    The type becomes a header of the stored object. Raises InvalidError unless it is printable
    ASCII of at most 150 characters in the form `type/subtype`.
    """
    declared = (received or "").strip()
    if not declared:
        return None
    family, slash, subtype = declared.partition("/")
    if len(declared) > MAX_MEDIA_TYPE_LENGTH:
        reason = f"has {len(declared)} characters; at most {MAX_MEDIA_TYPE_LENGTH} are allowed"
    elif not (declared.isascii() and declared.isprintable() and family and slash and subtype):
        reason = "is not of the form type/subtype"
    else:
        return declared
    raise InvalidError(
        "malformed_media_type", f"The media type {declared[:60]!r} {reason}.", pointer=pointer
    )


def evaluate_media_type(
    received: str | None,
    detected: str,
    name: str | None,
    extensions_of: Callable[[str], tuple[str, ...]],
) -> str:
    """Return the media type to record: the declared one, or the detected one if none is declared.

    For files declared as `application/octet-stream`, the detected type is recorded if the name has
    one of its extensions (`extensions_of`). Otherwise the declared type stays, even if it is wrong.
    """
    declared = (received or "").strip()
    if not declared:
        return detected
    if base_type(declared) == OCTET_STREAM and detected != OCTET_STREAM:
        # Some known extensions have capitals (`.C` is C++); `extension_of` returns lower case.
        known = {extension.lower() for extension in extensions_of(detected)}
        return detected if extension_of(name) in known else declared
    return declared


def evaluate_extension(name: str | None, detected_extension: str) -> str:
    """Return the extension to record: that of the name, else that of the detected type."""
    return extension_of(name) or detected_extension


def _letters(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalpha())

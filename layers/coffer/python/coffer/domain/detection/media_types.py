"""The media types the detector can name, and what files of each are called."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.hierarchy import canonical
from coffer.domain.detection.tables.extensions import EXTENSIONS


def extensions_of(media_type: str) -> tuple[str, ...]:
    """All known extensions of a media type with their dots, the primary one first; or nothing.

    Aliases are understood. Some extensions differ only in case (`.c` is C, `.C` is C++).
    """
    return tuple(f".{extension}" for extension in EXTENSIONS.get(canonical(media_type), "").split())


def primary_extension_of(media_type: str) -> str:
    """The extension a file of this type gets, with its dot, or ""."""
    extension = EXTENSIONS.get(media_type, "").partition(" ")[0]
    return f".{extension}" if extension else ""


@cache
def known_media_types() -> tuple[str, ...]:
    """Every media type the detector can answer, in alphabetical order."""
    return tuple(sorted(EXTENSIONS))

"""Look up media types, with their aliases, hierarchy, extensions and file names.

The tables and their rules are those of Apache Tika 3.2.3's type registry.
"""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.tables.registry import (
    ALIASES,
    ENDINGS,
    EXTENSIONS,
    SPECIAL_CASES,
    WHOLE_NAMES,
)

HTML = "text/html"
OCTET_STREAM = "application/octet-stream"
PLAIN_TEXT = "text/plain"
XML = "application/xml"
ZIP = "application/zip"

_MAX_ENDING = 16
"""The longest ending in the tables: the cost does not depend on the length of a name."""


@cache
def known_media_types() -> tuple[str, ...]:
    """Return every media type that the detector can return, in alphabetical order."""
    return tuple(sorted(EXTENSIONS))


def canonical(media_type: str) -> str:
    """Return the detector's name of a media type: lower case, aliases resolved.

    Parameters are kept, written as `type/subtype; name=value`.
    """
    essence, *parameters = (part.strip() for part in media_type.lower().split(";"))
    return "; ".join([ALIASES.get(essence, essence), *filter(None, parameters)])


def extensions_of(media_type: str) -> tuple[str, ...]:
    """Return all extensions of a media type with their dots, the primary one first.

    Accepts aliases. Some extensions differ only in case (`.c` is C, `.C` is C++).
    """
    return tuple(f".{extension}" for extension in EXTENSIONS.get(canonical(media_type), "").split())


def primary_extension_of(media_type: str) -> str:
    """Return the extension for files of this type, with its dot, or ""."""
    extension = EXTENSIONS.get(media_type, "").partition(" ")[0]
    return f".{extension}" if extension else ""


def supertype_of(media_type: str) -> str | None:
    """Return the next more general type; None for application/octet-stream.

    Relations in the table come first, then those that follow from the name.
    """
    declared = _declared_supertypes().get(media_type)
    if declared:
        return declared
    if ";" in media_type:
        return media_type.partition(";")[0]
    if media_type.endswith("+xml"):
        return XML
    if media_type.endswith("+zip"):
        return ZIP
    if media_type.startswith("text/") and media_type != PLAIN_TEXT:
        return PLAIN_TEXT
    return OCTET_STREAM if media_type != OCTET_STREAM else None


def is_a(media_type: str, general: str) -> bool:
    """True if a type is `general` or one of its direct or indirect special cases."""
    current: str | None = media_type
    while current is not None:
        if current == general:
            return True
        current = supertype_of(current)
    return False


def specialises(media_type: str, general: str) -> bool:
    """True if a type is a special case of `general` but not `general` itself."""
    return media_type != general and is_a(media_type, general)


def type_by_name(name: str | None) -> str | None:
    """Return the type for which a file name stands, or None. Folders in the name are ignored.

    The name is matched as written, then in lower case (`.C` is C++, `.c` is C). The longest ending
    wins (`.warc.gz` before `.gz`).
    """
    if not name:
        return None
    last = name.rpartition("/")[2]
    return _match(last) or _match(last.lower())


def _match(name: str) -> str | None:
    if name in WHOLE_NAMES:
        return WHOLE_NAMES[name]
    endings = _types_by_ending()
    tail = name[-_MAX_ENDING:]
    for start in range(len(tail)):
        media_type = endings.get(tail[start:])
        if media_type:
            return media_type
    return None


@cache
def _types_by_ending() -> dict[str, str]:
    endings = dict(ENDINGS)
    for media_type, extensions in EXTENSIONS.items():
        for extension in extensions.split():
            endings.setdefault(f".{extension}", media_type)
    return endings


@cache
def _declared_supertypes() -> dict[str, str]:
    # Types in the table are separated by blanks, so a parameter follows its ";" without one.
    return {
        special.replace(";", "; "): general
        for general, specials in SPECIAL_CASES.items()
        for special in specials.split()
    }

"""Generality of media types: which is a special case of which."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.tables.aliases import ALIASES
from coffer.domain.detection.tables.hierarchy import SPECIAL_CASES

OCTET_STREAM = "application/octet-stream"
PLAIN_TEXT = "text/plain"
XML = "application/xml"
ZIP = "application/zip"


def canonical(media_type: str) -> str:
    """The name the detector gives a type known by several: lower case, aliases resolved.

    Parameters are kept, written as `type/subtype; name=value`.
    """
    essence, *parameters = (part.strip() for part in media_type.lower().split(";"))
    return "; ".join([ALIASES.get(essence, essence), *filter(None, parameters)])


def supertype_of(media_type: str) -> str | None:
    """The next more general type; None of application/octet-stream, which has none.

    Declared relations come first, then those that the name tells, as Tika's registry has them.
    """
    declared = _declared().get(media_type)
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
    """Whether a type is `general` or a special case of it, at any distance."""
    current: str | None = media_type
    while current is not None:
        if current == general:
            return True
        current = supertype_of(current)
    return False


def specialises(media_type: str, general: str) -> bool:
    """Whether a type is a special case of `general`, and not that itself."""
    return media_type != general and is_a(media_type, general)


@cache
def _declared() -> dict[str, str]:
    # In the table types are separated by blanks, so a parameter follows its ";" directly there.
    return {
        special.replace(";", "; "): general
        for general, specials in SPECIAL_CASES.items()
        for special in specials.split()
    }

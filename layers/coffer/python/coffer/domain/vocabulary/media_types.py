"""The media types that files may have: what forms and filters of clients offer to choose from."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.media_types import known_media_types
from coffer.domain.errors import NotFoundError
from coffer.domain.media_types import base_type
from coffer.domain.uploads.forbidden_types import is_forbidden


@cache
def accepted_media_types() -> tuple[str, ...]:
    """Every media type that the detector knows and that is not refused, in alphabetical order.

    Types only, without parameters: what comes with one is listed as its type.
    """
    bases = {base_type(media_type) for media_type in known_media_types()}
    return tuple(sorted(base for base in bases if not is_forbidden(base)))


def find_media_type(identifier: str) -> str:
    """The listed media type of this name, in any case; NotFoundError where there is none."""
    wanted = identifier.lower()
    if wanted not in accepted_media_types():
        raise NotFoundError(
            "media_type_not_found",
            f"{identifier[:100]!r} is no media type of the list.",
            parameter="id",
        )
    return wanted

"""The media types of accepted files, from which clients can let users choose."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.registry import known_media_types
from coffer.domain.errors import NotFoundError
from coffer.domain.media_types import base_type
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES, ForbiddenTypes


@cache
def accepted_media_types(
    forbidden: ForbiddenTypes = DEFAULT_FORBIDDEN_TYPES,
) -> tuple[str, ...]:
    """Return the media types that the detector knows and uploads accept, in alphabetical order.

    They have no parameters.
    """
    bases = {base_type(media_type) for media_type in known_media_types()}
    return tuple(sorted(base for base in bases if base not in forbidden))


def find_media_type(identifier: str, forbidden: ForbiddenTypes = DEFAULT_FORBIDDEN_TYPES) -> str:
    """Return the media type with this name, in any case; or raise NotFoundError."""
    wanted = identifier.lower()
    if wanted not in accepted_media_types(forbidden):
        raise NotFoundError(
            "media_type_not_found",
            f"There is no media type {identifier[:100]!r} in the list.",
            parameter="id",
        )
    return wanted

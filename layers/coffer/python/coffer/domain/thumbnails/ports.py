"""The port that creates the thumbnail of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from coffer.domain.objects import StoredObject
from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties

MAX_THUMBNAIL_BYTES = 4 * 1024**2
"""In base64 it fits a response of Lambda, which has at most 6 MB."""


@dataclass(frozen=True, kw_only=True)
class ThumbnailResult:
    """The thumbnail of an image, a JPEG, and the properties of the image.

    `warning` is a code if a part of the image could not be decoded.
    """

    thumbnail: bytes
    properties: ImageProperties = NO_PROPERTIES
    warning: str | None = None


class Thumbnailer(Protocol):
    """Creates thumbnails."""

    def create(self, source: StoredObject, media_type: str) -> ThumbnailResult:
        """Return the thumbnail of a stored file of this media type.

        Raises `ThumbnailError`. Time and memory are limited for any bytes. The result was made from
        untrusted bytes, perhaps by a decoder that they control: check it before it is stored.
        """
        ...


class ThumbnailError(Exception):
    """No thumbnail can be made of a file. `code` is the reason; `properties` is what was read."""

    def __init__(
        self, code: str, detail: str, *, properties: ImageProperties = NO_PROPERTIES
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.properties = properties

"""The port that turns a file into a thumbnail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What became of an image: its thumbnail, a JPEG, and what the image says about itself."""

    thumbnail: bytes
    properties: ImageProperties = NO_PROPERTIES


class Thumbnailer(Protocol):
    """What makes a small JPEG of a file."""

    def make(self, source: Iterable[bytes], media_type: str) -> Picture:
        """The thumbnail of a file of this type, whose bytes come in pieces.

        Raises ThumbnailError with a stable code, and whatever `source` raises. Costs bounded time
        and memory, whatever the bytes are.
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

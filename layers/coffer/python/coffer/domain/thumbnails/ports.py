"""The port that turns a file into a thumbnail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.uploads.image_facts import NOTHING_KNOWN, ImageFacts


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What became of an image: its thumbnail, a JPEG, and what the image says about itself."""

    thumbnail: bytes
    facts: ImageFacts = NOTHING_KNOWN


class Thumbnailer(Protocol):
    """What makes a small JPEG of a file."""

    def make(self, source: Iterable[bytes], media_type: str) -> Picture:
        """The thumbnail of a file of this type, whose bytes come in pieces.

        Raises ThumbnailError with a stable code, and whatever `source` raises. Costs bounded time
        and memory, whatever the bytes are.
        """
        ...


class ThumbnailError(Exception):
    """No thumbnail can be made of a file; `code` says why, `facts` what is known all the same."""

    def __init__(self, code: str, detail: str, *, facts: ImageFacts = NOTHING_KNOWN) -> None:
        super().__init__(detail)
        self.code = code
        self.facts = facts

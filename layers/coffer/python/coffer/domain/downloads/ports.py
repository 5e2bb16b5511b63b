"""The port that gives out presigned URLs and byte ranges of stored objects."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from coffer.domain.objects import StoredObject


class ObjectDownloads(Protocol):
    """Gives clients access to the bytes of stored objects."""

    def presigned_url(self, key: str, *, media_type: str, disposition: str, life: timedelta) -> str:
        """Return a URL with which anyone can GET the object until `life` has passed.

        The response has this media type and Content-Disposition.
        """
        ...

    def describe(self, key: str) -> StoredObject:
        """Return size, ETag and date of the object; raise ObjectMissingError."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, fewer at the end; raise ObjectMissingError."""
        ...

"""The port that hands stored bytes to a client."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Deliveries(Protocol):
    """How stored bytes are handed out: by a link, or in small pieces."""

    def link(self, key: str, *, media_type: str, disposition: str, life: timedelta) -> str:
        """A URL that anyone can GET for a while, answered with this type and disposition."""
        ...

    def size(self, key: str) -> int:
        """The length of the object in bytes; raises ObjectMissingError."""
        ...

    def fetch(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`, fewer only at the end; raises ObjectMissingError."""
        ...

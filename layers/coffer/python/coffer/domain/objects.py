"""The object store as the domain uses it: the `Objects` port and the objects it describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What the store knows of one object.

    `etag` is without quotes. `sha1_hex` and `crc32` (hexadecimal) are given only where the store
    holds them for the whole object: a multipart's composite checksum is not one.
    """

    key: str
    size_bytes: int
    etag: str
    last_modified: datetime
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    sha1_hex: str | None = None
    crc32: str | None = None


class Objects(Protocol):
    """The object store."""

    def describe(self, key: str) -> StoredObject:
        """What is under `key`; raises ObjectMissingError."""
        ...

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """Up to `length` bytes from `start` (fewer only at the end) of the object with `etag`.

        Raises ObjectMissingError, and ObjectChangedError where other bytes are there by now.
        """
        ...

    def write(self, key: str, body: bytes, *, content_type: str, sha1_hex: str) -> None:
        """Put `body` under a key that holds nothing; raises ObjectExistsError where it does.

        The store refuses the bytes if they do not arrive with this SHA-1.
        """
        ...

    def replace(self, key: str, body: bytes, *, content_type: str) -> None:
        """Put `body` under `key`, whatever is there: called twice, the same bytes stay."""
        ...

    def promote(
        self, source: StoredObject, destination: str, *, content_type: str, checksum: str
    ) -> StoredObject:
        """Copy `source` inside the store, as it was described, to a key that holds nothing.

        The copy loses the source's user metadata and gets `content_type`; the store computes
        `checksum` ("SHA1" or "CRC32") of it. Where `destination` is there already, an earlier
        call did it, and that object is described. Raises ObjectChangedError where the source is
        gone or has other bytes, and nothing was copied.
        """
        ...

    def digest(self, key: str) -> tuple[str, str]:
        """SHA-1 and CRC-32, in hexadecimal, from one pass over the object's bytes.

        For stores that compute no checksum themselves; raises ObjectMissingError.
        """
        ...

    def remove(self, key: str, *, etag: str | None = None) -> None:
        """Delete what is under `key`; nothing happens where nothing is.

        With `etag`, raises ObjectChangedError and deletes nothing where other bytes are there.
        """
        ...

    def older_than(self, prefix: str, moment: datetime) -> Iterator[StoredObject]:
        """The objects under `prefix` that were last written before `moment`, in key order."""
        ...

"""The port of the object store that holds uploaded files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """The description of one object in the store.

    `etag` is without quotes. `sha1_hex` and `crc32` (hexadecimal) are of the whole object; they are
    None if the store has no checksum, or only a composite one of multipart parts. `checksum` is
    one of the store's checksums with its algorithm, such as `CRC64NVME rosUhgp5mIg=`.
    """

    key: str
    size_bytes: int
    etag: str
    last_modified: datetime
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    sha1_hex: str | None = None
    crc32: str | None = None
    checksum: str | None = None


class Objects(Protocol):
    """The object store."""

    def describe(self, key: str) -> StoredObject:
        """Return the description of the object under `key`; raise ObjectMissingError."""
        ...

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """Return `length` bytes from `start`, fewer at the end of the object.

        Raises ObjectMissingError, or ObjectChangedError if the object has another ETag.
        """
        ...

    def write(self, key: str, body: bytes, *, content_type: str, sha1_hex: str) -> str:
        """Write an object and return its ETag; raise ObjectExistsError if the key has one.

        The store verifies the SHA-1 of the bytes.
        """
        ...

    def replace(self, key: str, body: bytes, *, content_type: str) -> None:
        """Write an object; overwrite an existing one."""
        ...

    def promote(
        self, source: StoredObject, destination: str, *, content_type: str, checksum: str
    ) -> StoredObject:
        """Copy `source` to the key `destination` inside the store and describe the copy.

        The copy has `content_type`, no user metadata, and a checksum ("SHA1" or "CRC32") that the
        store computes. If `destination` exists, an earlier call wrote it, and it is described.
        Raises ObjectChangedError, without a copy, if the source is gone or has another ETag.
        """
        ...

    def digest(self, key: str) -> tuple[str, str]:
        """Read the object and return its SHA-1 and CRC-32, in hexadecimal.

        For stores that compute no checksums. Raises ObjectMissingError.
        """
        ...

    def remove(self, key: str, *, etag: str | None = None) -> None:
        """Delete the object under `key`, if it exists.

        With `etag`, raises ObjectChangedError and deletes nothing if the object has another ETag.
        """
        ...

    def written_before(self, prefix: str, moment: datetime) -> Iterator[StoredObject]:
        """Yield the objects under `prefix` that were last written before `moment`, in key order."""
        ...

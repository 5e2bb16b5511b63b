"""The object store in memory."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    ObjectChangedError,
    ObjectExistsError,
    ObjectMissingError,
)
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import PartRange


def sha1_of(body: bytes) -> str:
    """Return the SHA-1 in hexadecimal."""
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def crc32_of(body: bytes) -> str:
    """Return the CRC-32 in hexadecimal, eight digits."""
    return f"{zlib.crc32(body):08x}"


def etag_of(body: bytes) -> str:
    """Return the ETag of an object that was uploaded in one part: its MD5."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class _Held:
    stored: StoredObject
    body: bytes


class InMemoryObjects:
    """The Objects port.

    Without `copy_conditions` it ignores conditions on copies, as Ceph 16 does; without
    `checksums` it computes none. `bytes_read` counts what `read` and `digest` fetched.
    """

    def __init__(
        self, clock: Clock, *, copy_conditions: bool = True, checksums: bool = True
    ) -> None:
        self._clock = clock
        self._conditions = copy_conditions
        self._checksums = checksums
        self._held: dict[str, _Held] = {}
        self.bytes_read = 0

    @property
    def keys(self) -> list[str]:
        """All keys, sorted."""
        return sorted(self._held)

    def body(self, key: str) -> bytes:
        """Return the bytes of an object."""
        return self._found(key).body

    def arrive(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str] | None = None,
        *,
        sha1_hex: str | None = None,
        crc32: str | None = None,
        etag: str | None = None,
        content_type: str = "binary/octet-stream",
    ) -> StoredObject:
        """Store `body` as a client's form does, with checksums that were verified.

        `etag` replaces the MD5, to imitate two files with one MD5.
        """
        stored = StoredObject(
            key=key,
            size_bytes=len(body),
            etag=etag or etag_of(body),
            last_modified=self._clock.now(),
            content_type=content_type,
            metadata=metadata or {},
            sha1_hex=sha1_hex,
            crc32=crc32,
            checksum=f"SHA1 {sha1_of(body)}" if self._checksums else None,
        )
        self._held[key] = _Held(stored, body)
        return stored

    def describe(self, key: str) -> StoredObject:
        return self._found(key).stored

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        held = self._found(key)
        if held.stored.etag != etag:
            raise ObjectChangedError(key)
        piece = held.body[start : start + length]
        self.bytes_read += len(piece)
        return piece

    def write(self, key: str, body: bytes, *, content_type: str, sha1_hex: str) -> str:
        if sha1_hex != sha1_of(body):
            raise ValueError(f"{key} arrived damaged")
        if key in self._held:
            raise ObjectExistsError(key)
        return self._put(key, body, content_type, sha1_hex=sha1_hex).etag

    def replace(self, key: str, body: bytes, *, content_type: str) -> None:
        self._put(key, body, content_type)

    def promote(
        self, source: StoredObject, destination: str, *, content_type: str, checksum: str
    ) -> StoredObject:
        held, done = self._held.get(source.key), self._held.get(destination)
        is_claimed = held is not None and held.stored.etag == source.etag
        if done is not None and (self._conditions or held is None):
            if self._conditions or done.stored.etag == source.etag:
                return done.stored
            self.remove(destination)
            raise ObjectChangedError(source.key)
        if held is None or (self._conditions and not is_claimed):
            raise ObjectChangedError(source.key)
        copied = self._put(
            destination,
            held.body,
            content_type,
            sha1_hex=sha1_of(held.body) if self._checksums and checksum == "SHA1" else None,
            crc32=crc32_of(held.body) if self._checksums and checksum == "CRC32" else None,
        )
        if not is_claimed:
            self.remove(destination)
            raise ObjectChangedError(source.key)
        return copied

    def digest(self, key: str) -> tuple[str, str]:
        body = self._found(key).body
        self.bytes_read += len(body)
        return sha1_of(body), crc32_of(body)

    def remove(self, key: str, *, etag: str | None = None) -> None:
        held = self._held.get(key)
        if held is not None and etag is not None and held.stored.etag != etag:
            raise ObjectChangedError(key)
        self._held.pop(key, None)

    def join(self, key: str, parts: Sequence[bytes], content_type: str) -> StoredObject:
        """Store an object of several parts, without SHA-1 and with a multipart ETag."""
        body = b"".join(parts)
        stored = self._put(
            key, body, content_type, crc32=crc32_of(body) if self._checksums else None
        )
        joined = replace(stored, etag=f"{etag_of(body)}-{len(parts)}")
        self._held[key] = _Held(joined, body)
        return joined

    def written_before(self, prefix: str, moment: datetime) -> Iterator[StoredObject]:
        for key in self.keys:
            stored = self._held[key].stored
            if key.startswith(prefix) and stored.last_modified < moment:
                yield replace(stored, content_type="", metadata={}, sha1_hex=None, crc32=None)

    def _found(self, key: str) -> _Held:
        if key not in self._held:
            raise ObjectMissingError(key)
        return self._held[key]

    def _put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        *,
        sha1_hex: str | None = None,
        crc32: str | None = None,
    ) -> StoredObject:
        arrived = self.arrive(key, body, sha1_hex=sha1_hex, crc32=crc32)
        stored = replace(arrived, content_type=content_type)
        self._held[key] = _Held(stored, body)
        return stored


class InMemoryMultipartCopies:
    """The MultipartCopies port over the same objects. `copied` counts parts, repeated ones too."""

    def __init__(self, objects: InMemoryObjects) -> None:
        self._objects = objects
        self._begun = 0
        self.uploads: dict[tuple[str, str], tuple[str, dict[int, bytes]]] = {}
        self.copied = 0

    def create(self, destination: str, *, content_type: str) -> str:
        self._begun += 1
        self.uploads[destination, f"upload-{self._begun}"] = (content_type, {})
        return f"upload-{self._begun}"

    def part_numbers(self, destination: str, upload: str) -> Collection[int]:
        return set(self._found(destination, upload)[1])

    def copy_parts(
        self, destination: str, upload: str, source: StoredObject, ranges: Sequence[PartRange]
    ) -> None:
        _, parts = self._found(destination, upload)
        for one in ranges:
            if self._objects.describe(source.key).etag != source.etag:
                raise ObjectChangedError(source.key)
            body = self._objects.body(source.key)
            parts[one.number] = body[one.start : one.start + one.length]
            self.copied += 1

    def complete(self, destination: str, upload: str) -> StoredObject:
        content_type, parts = self._found(destination, upload)
        del self.uploads[destination, upload]
        return self._objects.join(destination, [parts[n] for n in sorted(parts)], content_type)

    def abort(self, destination: str, upload: str) -> None:
        self.uploads.pop((destination, upload), None)

    def describe(self, key: str) -> StoredObject:
        return self._objects.describe(key)

    def _found(self, destination: str, upload: str) -> tuple[str, dict[int, bytes]]:
        if (destination, upload) not in self.uploads:
            raise MultipartUploadMissingError(destination)
        return self.uploads[destination, upload]


class InMemoryDownloads:
    """The ObjectDownloads port over the same objects."""

    def __init__(self, objects: InMemoryObjects) -> None:
        self._objects = objects

    def presigned_url(self, key: str, *, media_type: str, disposition: str, life: timedelta) -> str:
        return f"store:{key}?type={media_type}&disposition={disposition}&life={life.seconds}"

    def describe(self, key: str) -> StoredObject:
        return self._objects.describe(key)

    def read(self, key: str, start: int, length: int) -> bytes:
        return self._objects.body(key)[start : start + max(length, 0)]

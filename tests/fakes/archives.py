"""The Archives port in memory. Bodies are generated, and uploads must obey S3's limits."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from coffer.domain.clock import Clock
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.export.layout import GIB, MIB
from coffer.domain.export.ports import ObjectRange
from coffer.domain.objects import StoredObject
from tests.fakes.bodies import Body, BytesBody, JoinedBody, etag_of_body

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass
class _Held:
    body: Body
    etag: str
    crc32: str | None = None


@dataclass
class _Upload:
    key: str
    parts: dict[int, tuple[str, Body]] = field(default_factory=dict)


class InMemoryArchives:
    """Objects and multipart uploads in dictionaries.

    `fetched` and `sent` are bytes; `calls` are requests. Without `checksums` the store computes no
    sums, so that bytes have to be read for them.
    """

    def __init__(self, clock: Clock, *, checksums: bool = True) -> None:
        self._clock = clock
        self._checksums = checksums
        self.objects: dict[str, _Held] = {}
        self.uploads: dict[str, _Upload] = {}
        self.fetched = self.sent = self.calls = self._begun = 0

    def put(self, key: str, body: Body | bytes, *, crc32: int | None = None) -> StoredObject:
        """Store `body` under a key, and return the object."""
        there = BytesBody(body) if isinstance(body, bytes) else body
        known = None if crc32 is None else f"{crc32:08x}"
        self.objects[key] = _Held(there, etag_of_body(there), known)
        return self.describe(key)

    def body(self, key: str) -> Body:
        return self._found(key).body

    def opened(self, key: str) -> io.BufferedReader:
        """Return the object as a file."""
        return io.BufferedReader(_BodyFile(self.body(key)), buffer_size=MIB)

    def describe(self, key: str) -> StoredObject:
        self.calls += 1
        held = self._found(key)
        return StoredObject(
            key=key,
            size_bytes=held.body.size_bytes,
            etag=held.etag,
            last_modified=self._clock.now(),
            crc32=held.crc32,
        )

    def load(self, key: str) -> bytes:
        self.calls += 1
        body = self._found(key).body
        return body.read(0, body.size_bytes)

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        self.calls += 1
        self.sent += len(body)
        self.objects[key] = _Held(BytesBody(body), hashlib.md5(body).hexdigest())

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        self.calls += 1
        held = self._found(key)
        if held.etag != etag:
            raise ObjectChangedError(key)
        self.fetched += length
        return held.body.read(start, length)

    @contextmanager
    def read_ahead(self, ranges: Iterable[ObjectRange], capacity: int) -> Iterator[_DirectReader]:
        yield _DirectReader(self, capacity)

    def crc32(self, source: StoredObject, scratch: str) -> int:
        self.calls += 2
        held = self._found(source.key)
        if held.etag != source.etag:
            raise ObjectChangedError(source.key)
        if not self._checksums:
            self.fetched += held.body.size_bytes
        crc32 = 0
        for start in range(0, held.body.size_bytes, 16 * MIB):
            crc32 = zlib.crc32(held.body.read(start, 16 * MIB), crc32)
        return crc32

    def start_upload(self, key: str) -> str:
        self.calls += 1
        self._begun += 1
        upload = f"upload-{self._begun}"
        self.uploads[upload] = _Upload(key)
        return upload

    def upload_part(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        self.calls += 1
        self.sent += len(body)
        if len(body) > 5 * GIB:
            raise AssertionError("EntityTooLarge")
        return self._keep(key, upload, part, BytesBody(bytes(body)))

    def copy_part(
        self, key: str, upload: str, part: int, source: StoredObject, start: int, length: int
    ) -> str:
        self.calls += 1
        held = self._found(source.key)
        if held.etag != source.etag:
            raise ObjectChangedError(source.key)
        size = held.body.size_bytes
        if not (0 <= start < start + length <= size):
            raise AssertionError(f"InvalidArgument: {start}+{length} of {size} bytes")
        if length > 5 * GIB:
            raise AssertionError("a copied part may have 5 GiB")
        if (start, length) != (0, size) and size <= 5 * MIB:
            raise AssertionError("InvalidRequest: only of more than 5 MiB a range can be copied")
        return self._keep(key, upload, part, JoinedBody([(held.body, start, length)]))

    def complete_upload(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        self.calls += 1
        found = self._upload(key, upload)
        numbers = list(parts)
        if numbers != sorted(numbers) or not 0 < len(numbers) <= 10_000:
            raise AssertionError(f"InvalidPartOrder, or {len(numbers)} parts")
        for number, etag in parts.items():
            if number not in found.parts or found.parts[number][0] != etag:
                raise MultipartUploadMissingError(f"InvalidPart {number} of {key}")
        bodies = [found.parts[number][1] for number in numbers]
        for body in bodies[:-1]:
            if body.size_bytes < 5 * MIB:
                raise AssertionError(f"EntityTooSmall: {body.size_bytes} bytes")
        joined = JoinedBody([(body, 0, body.size_bytes) for body in bodies])
        if joined.size_bytes > 5 * 1024**4:
            raise AssertionError("EntityTooLarge")
        etag = f"{hashlib.md5(''.join(parts.values()).encode()).hexdigest()}-{len(parts)}"
        self.objects[key] = _Held(joined, etag)
        del self.uploads[upload]
        return etag

    def abort_upload(self, key: str, upload: str) -> None:
        self.calls += 1
        self.uploads.pop(upload, None)

    def list_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        self.calls += 1
        yield from [(u.key, n) for n, u in self.uploads.items() if u.key.startswith(prefix)]

    def list_keys(self, prefix: str) -> Iterator[str]:
        self.calls += 1
        yield from [key for key in sorted(self.objects) if key.startswith(prefix)]

    def remove(self, key: str) -> None:
        self.calls += 1
        self.objects.pop(key, None)

    def in_parallel(
        self, work: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> Iterator[tuple[_Item, _Result]]:
        for item in reversed(items):  # the order is not defined
            yield item, work(item)

    def _found(self, key: str) -> _Held:
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]

    def _upload(self, key: str, upload: str) -> _Upload:
        found = self.uploads.get(upload)
        if found is None or found.key != key:
            raise MultipartUploadMissingError(f"NoSuchUpload {upload} of {key}")
        return found

    def _keep(self, key: str, upload: str, part: int, body: Body) -> str:
        if not 1 <= part <= 10_000:
            raise AssertionError(f"part {part}")
        etag = etag_of_body(body)
        self._upload(key, upload).parts[part] = (etag, body)
        return etag


class _DirectReader:
    """The RangeReader port without reading ahead. It fails if more than `capacity` is held."""

    def __init__(self, archives: InMemoryArchives, capacity: int) -> None:
        self._archives, self._capacity, self._taken = archives, capacity, 0

    def take(self, wanted: ObjectRange) -> memoryview:
        self._archives.calls += 1
        held = self._archives.objects.get(wanted.key)
        if held is None:
            raise ObjectMissingError(wanted.key)
        other_bytes = wanted.etag is not None and held.etag != wanted.etag
        if other_bytes or held.body.size_bytes != wanted.size_bytes:
            raise ObjectChangedError(wanted.key)
        self._taken += wanted.length
        if self._taken > self._capacity:
            raise AssertionError(f"{self._taken} bytes are held, {self._capacity} may be")
        self._archives.fetched += wanted.length
        return memoryview(held.body.read(wanted.start, wanted.length))

    def release(self) -> None:
        self._taken = 0


class _BodyFile(io.RawIOBase):
    """A body as a seekable file."""

    def __init__(self, body: Body) -> None:
        self._body, self._position = body, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence, self._body.size_bytes)
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the one that is used
        data = self._body.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

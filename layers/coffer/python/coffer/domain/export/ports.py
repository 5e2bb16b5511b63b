"""Ports for archive storage, compression, export records, access keys and the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from coffer.domain.callers import Caller
from coffer.domain.export.record import AccessKey, DueAction, Export, StartedList
from coffer.domain.objects import StoredObject

MAX_COPY_TIME = timedelta(minutes=3)
"""How long the store may take for one copy."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """A byte range of an object of `size_bytes`; if `etag` is given, of exactly these bytes."""

    key: str
    start: int
    length: int
    size_bytes: int
    etag: str | None


class RangeReader(Protocol):
    """Reads announced ranges ahead, in their order."""

    def take(self, wanted: ObjectRange) -> memoryview:
        """Return the bytes of a range, valid until `release`. Skip the ranges announced before.

        Raises ObjectMissingError, and ObjectChangedError if the object has another size or ETag;
        later ranges can still be taken.
        """
        ...

    def release(self) -> None:
        """Free the memory of all ranges taken so far."""
        ...


class Documents(Protocol):
    """Small documents in the store."""

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        """Write `body` under `key` and replace what was there."""
        ...


class Archives(Documents, Protocol):
    """The store with the operations that build an archive. Part numbers start at 1."""

    def describe(self, key: str) -> StoredObject:
        """Return size, ETag and checksums of an object; raises ObjectMissingError."""
        ...

    def load(self, key: str) -> bytes:
        """Return all bytes of a small object; raises ObjectMissingError."""
        ...

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """Return a byte range; raises ObjectMissingError and ObjectChangedError."""
        ...

    def read_ahead(
        self, ranges: Iterable[ObjectRange], capacity: int
    ) -> AbstractContextManager[RangeReader]:
        """Return a reader that fetches several ranges in parallel into `capacity` bytes."""
        ...

    def crc32(self, source: StoredObject, scratch: str) -> int:
        """Return the CRC-32 of an object; the store computes it while it copies to `scratch`.

        If the store computes no checksums, the bytes are read. Raises ObjectMissingError and
        ObjectChangedError.
        """
        ...

    def start_upload(self, key: str) -> str:
        """Start a multipart upload and return its id."""
        ...

    def upload_part(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        """Upload a part and return its ETag; raises MultipartUploadMissingError."""
        ...

    def copy_part(
        self, key: str, upload: str, part: int, source: StoredObject, start: int, length: int
    ) -> str:
        """Copy a byte range of an object as a part, and return the part's ETag.

        Raises MultipartUploadMissingError, and for the source ObjectMissingError and
        ObjectChangedError.
        """
        ...

    def complete_upload(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        """Join the parts to an object and return its ETag; raises MultipartUploadMissingError."""
        ...

    def abort_upload(self, key: str, upload: str) -> None:
        """Abort a multipart upload; do nothing if it does not exist."""
        ...

    def list_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield key and id of every unfinished multipart upload under `prefix`."""
        ...

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield every key under `prefix`."""
        ...

    def remove(self, key: str) -> None:
        """Delete an object; do nothing if it does not exist."""
        ...

    def in_parallel(
        self, work: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> Iterator[tuple[_Item, _Result]]:
        """Call `work` on several items in parallel; yield each item and its result when done.

        The first exception is raised when its result is due; items that have not started are
        then skipped.
        """
        ...


class Compressor(Protocol):
    """A compressor of raw deflate data. The flush modes are zlib's."""

    def compress(self, data: bytes | memoryview, /) -> bytes:
        """Add data and return the output so far."""
        ...

    def flush(self, mode: int, /) -> bytes:
        """Return the remaining output."""
        ...


class Compression(Protocol):
    """Checksums and compression of members."""

    def crc32(self, data: bytes | memoryview, before: int = 0, /) -> int:
        """Return the CRC-32 of `data` that follows bytes with the CRC-32 `before`."""
        ...

    def compressor(self) -> Compressor:
        """Return a new compressor that is about as fast as zlib at level 1."""
        ...


class Exports(Protocol):
    """The records of exports."""

    def get(self, identifier: str) -> Export | None:
        """Return the record, or None if it does not exist."""
        ...

    def add(self, export: Export) -> Export:
        """Write a new record; raises RecordExistsError if its identifier is taken."""
        ...

    def replace(self, before: Export, after: Export) -> Export:
        """Replace a record and return the new one.

        Raises RecordChangedError if the record was written since `before` was read.
        """
        ...

    def of(self, caller: Caller, limit: int, before: str | None) -> Sequence[Export]:
        """Return up to `limit` exports of a user, newest first, older than the one in `before`.

        They were requested under the caller's present name, and not by another subject.
        """
        ...

    def count_of(self, caller: Caller) -> int:
        """Return the number of exports that `of` returns without a limit."""
        ...

    def due(self, action: DueAction, now: datetime) -> Iterator[str]:
        """Yield the identifiers of exports for which `action` is due."""
        ...


class AccessKeys(Protocol):
    """The access keys of archives, by their digests.

    An expired key counts as missing, even if it is stored.
    """

    def add(self, access: AccessKey) -> None:
        """Store an access key."""
        ...

    def redeem(self, digest: str, now: datetime) -> bool:
        """Delete the key, and return True. If several callers redeem it, the others get False."""
        ...

    def probe(self, digest: str, now: datetime, limit: int) -> bool:
        """Count a probe of the key, and return True. Return False if the key is missing or had
        `limit` probes; nothing is counted then."""
        ...

    def look(self, digest: str, now: datetime) -> AccessKey | None:
        """Return the key without deleting it."""
        ...


class StartedExports(Protocol):
    """The exports that each user has started and that may not be finished."""

    def get(self, owner: str) -> StartedList:
        """Return the list of a user; an empty one if there is none."""
        ...

    def replace(self, before: StartedList, times: Mapping[str, datetime]) -> None:
        """Replace a list; raises RecordChangedError if it was replaced since `before` was read."""
        ...


class ExportQueue(Protocol):
    """The queue that `build_export` reads."""

    def enqueue(self, identifier: str, delay: timedelta = timedelta()) -> None:
        """Ask a worker to build the export or to resume it, after the delay."""
        ...

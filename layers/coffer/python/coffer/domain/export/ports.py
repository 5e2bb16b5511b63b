"""What export needs of the world besides what every use case does (`coffer.domain.ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from coffer.domain.export.record import AccessKey, DueAction, Export
from coffer.domain.objects import StoredObject

_Work = TypeVar("_Work")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """A stretch of an object that has `size_bytes`, of these very bytes if an ETag is given."""

    key: str
    start: int
    length: int
    size_bytes: int
    etag: str | None


class RangeReader(Protocol):
    """Pieces that are read ahead, in the order in which they were announced."""

    def take(self, piece: ObjectRange) -> memoryview:
        """The bytes, valid until `free`; pieces announced before it are passed over.

        Raises ObjectMissingError, and ObjectChangedError where the object has another size or
        ETag; the pieces behind can be taken none the less.
        """
        ...

    def free(self) -> None:
        """Give back the memory of what has been taken."""
        ...


class Documents(Protocol):
    """Where small documents are kept in the store."""

    def save(self, key: str, body: bytes, *, content_type: str = "application/json") -> None:
        """Put `body` under `key`, whatever is there."""
        ...


class Archives(Documents, Protocol):
    """The store, as an archive is built in it. Numbers of parts count from 1."""

    def describe(self, key: str) -> StoredObject:
        """What is under `key`; raises ObjectMissingError."""
        ...

    def load(self, key: str) -> bytes:
        """All of a small object; raises ObjectMissingError."""
        ...

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """A stretch of an object; raises ObjectMissingError and ObjectChangedError."""
        ...

    def ahead(
        self, wanted: Iterable[ObjectRange], capacity: int
    ) -> AbstractContextManager[RangeReader]:
        """Reads pieces ahead, several at once, within `capacity` bytes of memory."""
        ...

    def crc32(self, source: StoredObject, scratch: str) -> int:
        """The CRC-32 of an object, which the store computes while it copies it to `scratch`.

        Where it computes none the bytes are read. Raises ObjectMissingError, ObjectChangedError.
        """
        ...

    def begin(self, key: str) -> str:
        """Begin a multipart upload; its id."""
        ...

    def send(self, key: str, upload: str, part: int, body: bytes | memoryview) -> str:
        """Put a part; its ETag. Raises MultipartUploadMissingError."""
        ...

    def copy(
        self, key: str, upload: str, part: int, source: StoredObject, start: int, length: int
    ) -> str:
        """Make a part of a stretch of an object as it was described; the part's ETag.

        Raises MultipartUploadMissingError, or ObjectMissingError and ObjectChangedError for the
        source.
        """
        ...

    def finish(self, key: str, upload: str, parts: Mapping[int, str]) -> str:
        """Make the object of its parts; its ETag. Raises MultipartUploadMissingError."""
        ...

    def abandon(self, key: str, upload: str) -> None:
        """Forget a multipart upload; nothing happens where there is none."""
        ...

    def unfinished(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Key and id of every multipart upload below `prefix`."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key below `prefix`."""
        ...

    def remove(self, key: str) -> None:
        """Delete what is under `key`; nothing happens where nothing is."""
        ...

    def at_once(
        self, work: Callable[[_Work], _Result], pieces: Sequence[_Work]
    ) -> Iterator[tuple[_Work, _Result]]:
        """Do some work on each, several at once, and give what came of it as it is done.

        The first exception is raised when its turn comes; what has not begun is then left.
        """
        ...


class Compressor(Protocol):
    """A compressor of raw deflate data; modes of flushing are zlib's."""

    def compress(self, data: bytes | memoryview, /) -> bytes:
        """Take more in; what has become of some of it."""
        ...

    def flush(self, mode: int, /) -> bytes:
        """What has become of the rest."""
        ...


class Compression(Protocol):
    """What sums and compresses members."""

    def crc32(self, data: bytes | memoryview, before: int = 0, /) -> int:
        """The CRC-32 of data behind some that has the sum `before`."""
        ...

    def packer(self) -> Compressor:
        """A fresh compressor, in the speed class of zlib's level 1."""
        ...


class Exports(Protocol):
    """The records of exports, and the keys of their archives."""

    def get(self, identifier: str) -> Export | None:
        """The record; None where there is none."""
        ...

    def add(self, export: Export) -> Export:
        """Write a new record; raises RecordExistsError where its identifier is taken."""
        ...

    def replace(self, before: Export, after: Export, access: AccessKey | None = None) -> Export:
        """Write `after` in the place of `before`, and the key with it, both or none; the record
        as it now stands. Raises RecordChangedError where anybody wrote since `before` was read."""
        ...

    def of(self, username: str, limit: int, before: str | None) -> Sequence[Export]:
        """Up to `limit` exports of a user, the newest first, those made before the one named."""
        ...

    def count_of(self, username: str) -> int:
        """How many exports of this user there are."""
        ...

    def due(self, reason: DueAction, now: datetime) -> Iterator[str]:
        """Identifiers of exports that something has to be done about by now."""
        ...


class AccessKeys(Protocol):
    """Keys that open one archive each, once."""

    def redeem(self, key: str, now: datetime) -> AccessKey | None:
        """Take the key: of any number of callers one gets what it opens, the others None.

        A key that is over is None, whether or not it is still there.
        """
        ...

    def look(self, key: str, now: datetime) -> AccessKey | None:
        """What the key opens, without taking it."""
        ...


class ExportQueue(Protocol):
    """The queue that build_export works off."""

    def enqueue(self, identifier: str) -> None:
        """Ask for the export to be built, or built on."""
        ...

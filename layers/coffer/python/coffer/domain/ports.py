"""What the use cases need of the world. Each Protocol says what it promises, what it raises, and
what happens when it is called twice; adapters implement them, fakes in the tests too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from coffer.domain.derivative import Derivative
from coffer.domain.image_facts import NOTHING_KNOWN, ImageFacts
from coffer.domain.listing.counting import CountChange
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import Awaiting, ObjectUpload
from coffer.domain.steps import Step
from coffer.domain.vocabulary.usage import TermReader


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


class Stretch(NamedTuple):
    """Part `number` of a copy: `length` bytes of the source from `start`."""

    number: int
    start: int
    length: int


class PartCopies(Protocol):
    """Copies inside the object store that are made of parts, as multipart uploads.

    Whatever is given an upload raises UploadMissingError where there is none, or no longer.
    """

    def begin(self, destination: str, *, content_type: str) -> str:
        """Begin a multipart upload to `destination`; its identifier."""
        ...

    def parts(self, destination: str, upload: str) -> Collection[int]:
        """The numbers of the parts that are there."""
        ...

    def copy(
        self, destination: str, upload: str, source: StoredObject, stretches: Sequence[Stretch]
    ) -> None:
        """Make these parts of `source` as it was described, all at the same time.

        A part that is there is made again. Raises ObjectChangedError or ObjectMissingError where
        the source has other bytes or is gone.
        """
        ...

    def finish(self, destination: str, upload: str) -> StoredObject:
        """Make one object of all the parts that are there."""
        ...

    def abandon(self, destination: str, upload: str) -> None:
        """Throw the parts away; nothing happens where there is no such upload."""
        ...

    def describe(self, key: str) -> StoredObject:
        """What is under `key`; raises ObjectMissingError."""
        ...


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


class UploadReader(Protocol):
    """What finds the records of uploaded files."""

    def get(self, file_identifier: str) -> ObjectUpload | None:
        """The record, tombstones included until they expire; None where there is none."""
        ...


class Uploads(UploadReader, Protocol):
    """The records of uploaded files. Reads see every write that was confirmed before."""

    def get_all(self, file_identifiers: Collection[str]) -> Mapping[str, ObjectUpload]:
        """Those of these records that are there, by identifier."""
        ...

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        """Write a new record; raises RecordExistsError where its identifier is taken."""
        ...

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write `after` in the place of `before`, and return it as it now stands.

        Raises RecordChangedError where anybody wrote since `before` was read.
        """
        ...

    def discard(self, upload: ObjectUpload) -> None:
        """Delete a record that nobody has seen; raises RecordChangedError as `replace` does."""
        ...

    def with_content(self, sha1_hex: str, bucket_key: str | None = None) -> Iterator[str]:
        """The bucket key of each readable upload that has this content, in one bucket or in any.

        Bounded: it serves to find one, not to find all.
        """
        ...

    def without_thumbnail(self, failure: str, after: str | None) -> Iterator[str]:
        """Identifiers of uploads whose thumbnail failed so, in order, those behind `after`.

        Costs what there is to find, not what there is. What changed in the last moments may be
        told as it was.
        """
        ...

    def awaiting(self, reason: Awaiting, before: datetime) -> Iterator[str]:
        """Identifiers of uploads that have waited for `reason` since before then.

        Costs what there is to find, not what there is.
        """
        ...


class CatalogueReader(TermReader, Protocol):
    """What finds the records that describe files, and the terms that they may use."""

    def metadata(self, identifier: str) -> Metadata | None:
        """The metadata record, tombstones included until they expire."""
        ...

    def derivative(self, identifier: str) -> Derivative | None:
        """The derivative record, tombstones included until they expire."""
        ...

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        """The derivatives, without tombstones, of a metadata record, the oldest first.

        What was written in the last moments may be missing.
        """
        ...


class Catalogue(CatalogueReader, Protocol):
    """The records that describe files, metadata and derivatives, and the terms they may use."""

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, Metadata]:
        """Those of these metadata records that are there, by identifier."""
        ...

    def derivatives_of(self, identifiers: Collection[str]) -> Mapping[str, Derivative]:
        """Those of these derivative records that are there, by identifier."""
        ...

    def cascading(self, before: datetime) -> Iterator[str]:
        """Identifiers of metadata that was deleted before then, and whose derivatives have not
        been seen to be gone yet. Costs what there is to find."""
        ...

    def commit(self, steps: Sequence[Step]) -> None:
        """Do all of these steps, or none; at most `MOST_STEPS`, no two about the same record.

        Raises StepsRefusedError, which tells each refused step's reason: RecordExistsError where
        an identifier or a claim is taken, else RecordChangedError. Uniqueness is this transaction:
        nothing is asked beforehand. No steps: nothing happens.
        """
        ...

    def withdraw_thumbnail(self, identifier: str, now: datetime) -> None:
        """Make a tombstone of a generated thumbnail's record; nothing happens where none is."""
        ...


class AuditTrail(Protocol):
    """Every version of every record, for ever."""

    def record(self, snapshot: Mapping[str, Any], counts: Sequence[CountChange] = ()) -> None:
        """Keep a snapshot (`instanceId`, `version`, …) and count what it counts for, both or none.

        Kept already: nothing happens.
        """
        ...


class EventBus(Protocol):
    """The bus that tells every other system."""

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Put messages (`type` and its detail) on the bus; says for each whether it was taken.

        At least once: a repeated message has the same id, so that consumers can tell.
        """
        ...


class ProcessingQueue(Protocol):
    """A queue of arrivals: process_upload's, or promote_large_upload's."""

    def enqueue(self, stored: StoredObject) -> None:
        """Ask for an object in `incoming/` to be processed, as S3's own event did."""
        ...


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

"""Ports of the upload use cases: records, queues and multipart copies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from coffer.domain.objects import StoredObject
from coffer.domain.uploads.record import Awaiting, ObjectUpload


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


class ProcessingQueue(Protocol):
    """A queue of arrivals: process_upload's, or promote_large_upload's."""

    def enqueue(self, stored: StoredObject) -> None:
        """Ask for an object in `incoming/` to be processed, as S3's own event did."""
        ...


class DescribingRecord(Protocol):
    """The metadata record that describes an upload, as far as uploads need it."""

    @property
    def publicly_releasable(self) -> bool:
        """True if everybody who is signed in may read the record and its file."""
        ...


class DescribingMetadata(Protocol):
    """Reads the metadata records that describe uploads."""

    def metadata(self, identifier: str) -> DescribingRecord | None:
        """Return the metadata record, tombstones included until they expire."""
        ...

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, DescribingRecord]:
        """Return those of these metadata records that exist, by identifier."""
        ...

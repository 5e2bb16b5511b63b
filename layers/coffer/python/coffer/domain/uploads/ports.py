"""Ports for upload records, queues and multipart copies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from coffer.domain.objects import StoredObject
from coffer.domain.uploads.record import Awaiting, ObjectUpload


class PartRange(NamedTuple):
    """The bytes of the source that one part of a multipart copy holds."""

    number: int
    """The part number, from 1."""
    start: int
    length: int


class MultipartCopies(Protocol):
    """Copies of large objects inside the object store, as multipart uploads.

    `upload` is the identifier of a multipart upload. The methods that take it raise
    `MultipartUploadMissingError` if the multipart upload does not exist any more.
    """

    def create(self, destination: str, *, content_type: str) -> str:
        """Start a multipart upload to the key `destination` and return its identifier."""
        ...

    def part_numbers(self, destination: str, upload: str) -> Collection[int]:
        """Return the numbers of the parts that were copied."""
        ...

    def copy_parts(
        self, destination: str, upload: str, source: StoredObject, ranges: Sequence[PartRange]
    ) -> None:
        """Copy these parts of `source` concurrently; parts that exist are overwritten.

        Raises ObjectChangedError or ObjectMissingError if the source has another ETag or is gone.
        """
        ...

    def complete(self, destination: str, upload: str) -> StoredObject:
        """Join all copied parts into one object and describe it."""
        ...

    def abort(self, destination: str, upload: str) -> None:
        """Discard the multipart upload and its parts; do nothing if it does not exist."""
        ...

    def describe(self, key: str) -> StoredObject:
        """Describe the object under `key`; raise ObjectMissingError if it does not exist."""
        ...


class UploadReader(Protocol):
    """Reads the record of one uploaded file."""

    def get(self, file_identifier: str) -> ObjectUpload | None:
        """Return the record (tombstones included until they expire), or None."""
        ...


class Uploads(UploadReader, Protocol):
    """The records of uploaded files. Reads are consistent with all earlier writes."""

    def get_all(self, file_identifiers: Collection[str]) -> Mapping[str, ObjectUpload]:
        """Return those of these records that exist, by identifier."""
        ...

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        """Write a new record; raise RecordExistsError if its identifier is taken."""
        ...

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write `after` in place of `before` and return the stored record.

        Raises RecordChangedError if the record was written after `before` was read.
        """
        ...

    def discard(self, upload: ObjectUpload) -> None:
        """Delete a record that readers cannot see; raise RecordChangedError as `replace` does."""
        ...

    def buckets_with_content(self, sha1_hex: str, bucket_key: str | None = None) -> Iterator[str]:
        """Yield the bucket key of each readable upload with this content, in one or in any bucket.

        The number of results is limited: use it to check that one exists, not to list all.
        """
        ...

    def with_failed_thumbnail(self, failure: str, after: str | None) -> Iterator[str]:
        """Yield identifiers of uploads whose thumbnail failed with this code, in order.

        Starts behind the identifier `after`. The cost depends on the number of results. Changes of
        the last seconds may be missing.
        """
        ...

    def awaiting(self, reason: Awaiting, before: datetime) -> Iterator[str]:
        """Yield identifiers of uploads that have awaited `reason` since before the given time.

        The cost depends on the number of results, not on the size of the table.
        """
        ...


class ProcessingQueue(Protocol):
    """The queue of process_upload, or that of promote_large_upload."""

    def enqueue(self, stored: StoredObject) -> None:
        """Ask for an object in `incoming/` to be processed, as S3's own event does."""
        ...


class DescribingRecord(Protocol):
    """The part of a metadata record that the upload use cases need."""

    @property
    def publicly_releasable(self) -> bool:
        """True if every authenticated user may read the record and its file."""
        ...


class DescribingMetadata(Protocol):
    """Reads the metadata records that describe uploads."""

    def metadata(self, identifier: str) -> DescribingRecord | None:
        """Return the metadata record, tombstones included until they expire."""
        ...

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, DescribingRecord]:
        """Return those of these metadata records that exist, by identifier."""
        ...

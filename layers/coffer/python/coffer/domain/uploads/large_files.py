"""Copy files that are too large for one S3 copy (docs/architecture.md, Promotion).

S3 copies at most 5 GiB in one call. `process_upload` puts larger files on a queue;
`promote_large_upload` copies them in parts. The multipart upload's identifier is in the record, so
a run after a time-out, a crash or in parallel continues with the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple, Protocol

from coffer.domain.clock import RemainingTime
from coffer.domain.errors import (
    MultipartUploadMissingError,
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
)
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import MultipartCopies, PartRange, ProcessingQueue, Uploads
from coffer.domain.uploads.record import ObjectUpload, UploadStatus

GIB = 1024**3
MAX_COPY_BYTES = 5 * GIB
"""S3's limit for one copy (S3 User Guide, "Copying objects")."""
PART_BYTES = 512 * 1024**2
MAX_PARTS = 10_000
"""S3's limit for one multipart upload. The parts of a file over 4.9 TiB are larger than usual."""
MAX_CONCURRENT_PARTS = 8
PART_TIMEOUT = timedelta(minutes=5)
"""How long a copy of one part, or putting the parts together, may take."""
MIN_TIME_TO_COPY = timedelta(minutes=6)
"""No further parts are started with less time left. A run that is cut off repeats some parts."""
MIN_TIME_TO_HASH = timedelta(minutes=10)
"""Time to read the file for its SHA-1 if the store did not compute one."""


def part_ranges(size_bytes: int, part_bytes: int = PART_BYTES) -> list[PartRange]:
    """Return the parts in which a file of this size is copied. It has at most MAX_PARTS parts."""
    length = max(part_bytes, -(-size_bytes // MAX_PARTS))
    return [
        PartRange(number, start, min(length, size_bytes - start))
        for number, start in enumerate(range(0, size_bytes, length), 1)
    ]


class CopiedUpload(NamedTuple):
    """The current record of an upload, and the copy of its bytes."""

    upload: ObjectUpload
    promoted: StoredObject


class LargeFiles(Protocol):
    """Copies a file that is too large for one S3 copy, now or later."""

    def copy(self, upload: ObjectUpload, arrived: StoredObject, /) -> CopiedUpload | None:
        """Copy the claimed bytes to the record's key; return None if the copy continues later.

        Safe to repeat, and to run twice in parallel. Raises ObjectChangedError or
        ObjectMissingError if the arrived bytes are gone, and RecordChangedError.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class QueuedLargeFiles:
    """Puts large files on a separate queue, because small files must not wait for them."""

    queue: ProcessingQueue

    def copy(self, _upload: ObjectUpload, arrived: StoredObject, /) -> CopiedUpload | None:
        self.queue.enqueue(arrived)
        return None


@dataclass(frozen=True, kw_only=True)
class MultipartLargeFiles:
    """Copies large files in parts until time runs out, then puts them on the queue again."""

    uploads: Uploads
    copies: MultipartCopies
    queue: ProcessingQueue
    remaining: RemainingTime
    part_bytes: int = PART_BYTES

    def copy(self, upload: ObjectUpload, arrived: StoredObject, /) -> CopiedUpload | None:
        upload = self._with_multipart_upload(upload)
        try:
            if not self._copy_missing_parts(upload, arrived):
                self.queue.enqueue(arrived)
                return None
            promoted = self.copies.complete(str(upload.object_key), str(upload.copy_identifier))
        except MultipartUploadMissingError:
            return self._completed_earlier(upload, arrived)
        except (ObjectChangedError, ObjectMissingError):
            self.copies.abort(str(upload.object_key), str(upload.copy_identifier))
            raise
        return CopiedUpload(upload, promoted)

    def _with_multipart_upload(self, upload: ObjectUpload) -> ObjectUpload:
        """Return the record with a multipart upload: the one it has, or a new one."""
        if upload.copy_identifier is not None:
            return upload
        destination = str(upload.object_key)
        created = self.copies.create(destination, content_type=upload.content.evaluated_media_type)
        try:
            return self.uploads.replace(upload, replace(upload, copy_identifier=created))
        except RecordChangedError:
            self.copies.abort(destination, created)
            current = self.uploads.get(upload.file_identifier)
            if current is None or current.copy_identifier is None:
                raise
            return current

    def _copy_missing_parts(self, upload: ObjectUpload, arrived: StoredObject) -> bool:
        """Copy the missing parts; return True if there is time left to finish the file."""
        destination, identifier = str(upload.object_key), str(upload.copy_identifier)
        copied = self.copies.part_numbers(destination, identifier)
        missing = [
            part
            for part in part_ranges(arrived.size_bytes, self.part_bytes)
            if part.number not in copied
        ]
        for first in range(0, len(missing), MAX_CONCURRENT_PARTS):
            if self.remaining() < MIN_TIME_TO_COPY:
                return False
            ranges = missing[first : first + MAX_CONCURRENT_PARTS]
            self.copies.copy_parts(destination, identifier, arrived, ranges)
        # A run that finds all parts copied has its whole time for the hash.
        return not missing or self.remaining() >= MIN_TIME_TO_HASH

    def _completed_earlier(
        self, upload: ObjectUpload, arrived: StoredObject
    ) -> CopiedUpload | None:
        """Handle a multipart upload that is gone: it was completed, or expired and was aborted."""
        try:
            return CopiedUpload(upload, self.copies.describe(str(upload.object_key)))
        except ObjectMissingError:
            if upload.status is UploadStatus.PROCESSING:
                self.uploads.replace(upload, replace(upload, copy_identifier=None))
                self.queue.enqueue(arrived)
            return None

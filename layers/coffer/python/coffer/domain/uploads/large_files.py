"""Large files: what one call of the store cannot copy is copied in parts (flow 3).

S3 copies at most 5 GiB in one call. A larger file is handed on to a function that has more time:
it copies part after part under a multipart upload whose identifier stands in the record, so that
whoever goes on after a time-out, a crash or beside another run goes on with the same parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple, Protocol

from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
    UploadMissingError,
)
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import PartCopies, ProcessingQueue, Stretch, Uploads
from coffer.domain.uploads.record import ObjectUpload, UploadStatus

GIB = 1024**3
MAX_COPY_BYTES = 5 * GIB
"""What S3 copies in one call (S3 User Guide, "Copying objects")."""
PART_BYTES = 512 * 1024**2
PARTS_AT_ONCE = 8
TIME_TO_COPY = timedelta(minutes=2)
"""Without so much time left no further parts are begun: a run that is cut off does some twice."""
TIME_TO_HASH = timedelta(minutes=10)
"""How long reading the file for its SHA-1 may take, where the store computed none."""

Remaining = Callable[[], timedelta]


class Moved(NamedTuple):
    """A record, as it stands now, and the copy of its bytes."""

    upload: ObjectUpload
    promoted: StoredObject


class LargeFiles(Protocol):
    """What becomes of a file that is too large for one copy."""

    def move(self, upload: ObjectUpload, arrived: StoredObject, /) -> Moved | None:
        """Copy the claimed bytes to the record's key; None where somebody goes on with that later.

        Can be called again at any point, and by two at once. Raises ObjectChangedError or
        ObjectMissingError where the arrived bytes are gone, and RecordChangedError.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class HandedOn:
    """Large files go to a queue of their own, so that no small one waits behind them."""

    queue: ProcessingQueue

    def move(self, _upload: ObjectUpload, arrived: StoredObject, /) -> Moved | None:
        self.queue.enqueue(arrived)
        return None


@dataclass(frozen=True, kw_only=True)
class CopiedInParts:
    """Large files are copied here, as far as the time allows; then the queue gets them again."""

    uploads: Uploads
    copies: PartCopies
    queue: ProcessingQueue
    remaining: Remaining
    part_bytes: int = PART_BYTES

    def move(self, upload: ObjectUpload, arrived: StoredObject, /) -> Moved | None:
        upload = self._begun(upload)
        try:
            if not self._copy(upload, arrived):
                self.queue.enqueue(arrived)
                return None
            promoted = self.copies.finish(str(upload.object_key), str(upload.copy_identifier))
        except UploadMissingError:
            return self._finished_before(upload, arrived)
        except (ObjectChangedError, ObjectMissingError):
            self.copies.abandon(str(upload.object_key), str(upload.copy_identifier))
            raise
        return Moved(upload, promoted)

    def _begun(self, upload: ObjectUpload) -> ObjectUpload:
        """The record with a multipart upload to go on with: its own, or one begun now."""
        if upload.copy_identifier is not None:
            return upload
        destination = str(upload.object_key)
        begun = self.copies.begin(destination, content_type=upload.content.evaluated_media_type)
        try:
            return self.uploads.replace(upload, replace(upload, copy_identifier=begun))
        except RecordChangedError:
            self.copies.abandon(destination, begun)
            current = self.uploads.get(upload.file_identifier)
            if current is None or current.copy_identifier is None:
                raise
            return current

    def _copy(self, upload: ObjectUpload, arrived: StoredObject) -> bool:
        """Make the parts that are missing; whether there is time left to end it as well."""
        destination, identifier = str(upload.object_key), str(upload.copy_identifier)
        there = self.copies.parts(destination, identifier)
        missing = [one for one in self._stretches(arrived) if one.number not in there]
        for first in range(0, len(missing), PARTS_AT_ONCE):
            if self.remaining() < TIME_TO_COPY:
                return False
            several = missing[first : first + PARTS_AT_ONCE]
            self.copies.copy(destination, identifier, arrived, several)
        # A run that found all parts there has all its time for the hash.
        return not missing or self.remaining() >= TIME_TO_HASH

    def _stretches(self, arrived: StoredObject) -> list[Stretch]:
        size = arrived.size_bytes
        return [
            Stretch(number, start, min(self.part_bytes, size - start))
            for number, start in enumerate(range(0, size, self.part_bytes), 1)
        ]

    def _finished_before(self, upload: ObjectUpload, arrived: StoredObject) -> Moved | None:
        """The multipart upload is gone: it became the copy, or it was thrown away for its age."""
        try:
            return Moved(upload, self.copies.describe(str(upload.object_key)))
        except ObjectMissingError:
            if upload.status is UploadStatus.PROCESSING:
                self.uploads.replace(upload, replace(upload, copy_identifier=None))
                self.queue.enqueue(arrived)
            return None

"""Record the last step of an upload whose bytes are stored, for its own run and for housekeeping.

This module does not detect anything, so that housekeeping starts without the detector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from coffer.domain.buckets import bucket_key
from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectMissingError, RecordChangedError
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Content, ObjectUpload, Rejection, UploadStatus

SOURCE_REPLACED = Rejection(
    code="source_replaced",
    detail="Other bytes were posted with the same form while the file was being processed.",
)


class PromotionOutcome(StrEnum):
    """The result of processing one arrival."""

    AVAILABLE = "available"
    REJECTED = "rejected"
    REPLAY = "replay"
    """A second post of the same form; its bytes were deleted."""
    GONE = "gone"
    """The arrived object does not exist any more."""
    FOREIGN = "foreign"
    """The object was not uploaded with a form of Coffer."""
    MOVING = "moving"
    """A large file is being copied in parts. The run that copies the last part finishes it."""


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Dependencies of the last step: record the result. Housekeeping needs only this one."""

    uploads: Uploads
    objects: Objects
    clock: Clock
    stream_hash_limit_bytes: int
    """Larger files are not read to hash them if the store computed no checksum."""
    copy_conditions: bool = True
    """False for a store that ignores conditions on copies: then the key contains the claim."""

    def finish_without_source(self, upload: ObjectUpload) -> PromotionOutcome:
        """Finish a record that an interrupted run left PROCESSING and whose arrived bytes are gone.

        It becomes AVAILABLE if its bytes were copied before.
        """
        return outcome_of(self._finish_without_source(upload))

    def _finish_without_source(self, upload: ObjectUpload) -> ObjectUpload:
        """Finish a record whose arrived bytes are gone: AVAILABLE if they were copied before."""
        if upload.status is not UploadStatus.PROCESSING:
            return upload
        if upload.object_key is None:
            return self._finish(upload, upload.rejected(SOURCE_REPLACED))
        try:
            promoted = self.objects.describe(upload.object_key)
        except ObjectMissingError:
            return self._finish(upload, upload.rejected(SOURCE_REPLACED))
        if not self._has_claimed_bytes(upload, promoted):
            self.objects.remove(promoted.key)
            return self._finish(upload, upload.rejected(SOURCE_REPLACED))
        return self._accept(upload, promoted)

    def _has_claimed_bytes(self, upload: ObjectUpload, promoted: StoredObject) -> bool:
        """True if the copy may hold the claimed bytes.

        A store that ignores conditions may have copied others before the run was interrupted. The
        ETag of a multipart upload cannot be compared.
        """
        claim = str(upload.source_etag)
        is_multipart = "-" in claim or "-" in promoted.etag
        return self.copy_conditions or is_multipart or promoted.etag == claim

    def _accept(self, upload: ObjectUpload, promoted: StoredObject) -> ObjectUpload:
        content = self._with_hashes(upload.content, promoted)
        finished = self._finish(
            upload,
            upload.available(
                content,
                promoted.key,
                self.clock.now(),
                etag=promoted.etag,
                stored_on=promoted.last_modified,
                duplicate_found=self._is_duplicate(content, upload.bucket),
            ),
        )
        if finished.status is UploadStatus.REJECTED:
            # Another run of this claim saw the source replaced during this copy.
            self.objects.remove(promoted.key)
        return finished

    def _with_hashes(self, content: Content, promoted: StoredObject) -> Content:
        """Return the content with its hashes: the store's, or computed from the bytes.

        Files over `stream_hash_limit_bytes` are not read; their SHA-1 stays unknown.
        """
        sha1_hex = content.sha1_hex or promoted.sha1_hex
        crc32 = content.crc32 or promoted.crc32
        if sha1_hex is None and content.size_in_bytes <= self.stream_hash_limit_bytes:
            sha1_hex, crc32 = self.objects.digest(promoted.key)
        return replace(content, sha1_hex=sha1_hex, crc32=crc32)

    def _is_duplicate(self, content: Content, bucket: str) -> bool:
        """True if the bucket has a file with the same known SHA-1."""
        if content.sha1_hex is None:
            return False
        duplicates = self.uploads.buckets_with_content(content.sha1_hex, bucket_key(bucket))
        return any(True for _ in duplicates)

    def _finish(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write the final state, and return it or that of another run which was faster."""
        finished = self._write(before, after)
        if finished.status is UploadStatus.PROCESSING:
            raise RecordChangedError(f"upload {before.file_identifier} is being processed twice")
        return finished

    def _write(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write `after`, or return the record that another run of the same claim wrote."""
        try:
            return self.uploads.replace(before, after)
        except RecordChangedError:
            return self._current(before)

    def _current(self, upload: ObjectUpload) -> ObjectUpload:
        current = self.uploads.get(upload.file_identifier)
        if current is None:
            raise RecordChangedError(f"upload {upload.file_identifier} has vanished")
        return current


def outcome_of(finished: ObjectUpload) -> PromotionOutcome:
    """Return the outcome of a record in its final state."""
    is_available = finished.status is UploadStatus.AVAILABLE
    return PromotionOutcome.AVAILABLE if is_available else PromotionOutcome.REJECTED


def finish_direct_upload(
    uploads: Uploads, clock: Clock, pending: ObjectUpload, etag: str
) -> ObjectUpload:
    """Make a PENDING record AVAILABLE, after its bytes were stored with this ETag; return it.

    If another run did so before, the record is returned as it is.
    """
    if pending.object_key is None:
        raise ValueError(f"upload {pending.file_identifier} has no object key")
    after = pending.available(
        pending.content,
        pending.object_key,
        clock.now(),
        etag=etag,
        duplicate_found=pending.duplicate_found,
    )
    try:
        return uploads.replace(pending, after)
    except RecordChangedError:
        current = uploads.get(pending.file_identifier)
        if current is None or current.status is not UploadStatus.AVAILABLE:
            raise
        return current

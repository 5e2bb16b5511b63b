"""Promote a file that arrived in `incoming/`: claim, inspect, then keep or reject it.

docs/architecture.md shows how it fits into an upload (Promotion).

Each step can be repeated, reordered or interrupted after any call; the result is the same:

1. claim    write the record as PROCESSING with the ETag of the bytes, unless it exists
2. inspect  read ranges of the object, each with `If-Match` on that ETag
3. plan     record what was found and the destination key, still as PROCESSING
4. copy     copy the object to the destination, with `If-Match` on that ETag and only if the
            destination is free; `large_files` copies what is too large for one copy. Then
            compare the checksum of the source with that of the claim
5. finish   set the record to AVAILABLE, or to REJECTED with the reason
6. clear    delete the arrived object, with `If-Match` on its ETag

Bytes with another ETag than the claim were sent with a second use of the form. They are deleted
unread.
Used by `process_upload`, `promote_large_upload` and housekeeping.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from coffer.domain.buckets import bucket_key
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ObjectChangedError,
    ObjectMissingError,
    RecordChangedError,
    RecordExistsError,
)
from coffer.domain.identifiers import is_identifier, paired_identifier
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES, ForbiddenTypes
from coffer.domain.uploads.grant import METADATA_NAME, GrantError, UploadGrant
from coffer.domain.uploads.large_files import MAX_COPY_BYTES, LargeFiles
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import (
    Awaiting,
    Content,
    ObjectUpload,
    RejectedError,
    Rejection,
    UploadStatus,
    final_key,
    incoming_key,
)
from coffer.domain.uploads.rules import inspect, wants_thumbnail

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
        return _outcome(self._finish_without_source(upload))

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


@dataclass(frozen=True, kw_only=True)
class Promotion(Completion):
    """Dependencies and limits of the promotion use case."""

    max_bytes: int
    large_files: LargeFiles
    forbidden: ForbiddenTypes = DEFAULT_FORBIDDEN_TYPES
    max_copy_bytes: int = MAX_COPY_BYTES

    def process(self, key: str) -> PromotionOutcome:
        """Process the object that is stored under `key` in `incoming/` now."""
        try:
            arrived = self.objects.describe(key)
            grant = UploadGrant.decode(arrived.metadata.get(METADATA_NAME))
        except ObjectMissingError:
            return PromotionOutcome.GONE
        except GrantError:
            return PromotionOutcome.FOREIGN
        identifier = key.rpartition("/")[2]
        is_ours = is_identifier(identifier) and identifier == identifier.lower()
        if not is_ours or key != incoming_key(grant.bucket, identifier):
            return PromotionOutcome.FOREIGN
        upload = self._claim(identifier, grant, arrived)
        if upload.source_etag != arrived.etag:
            self._clear(key, arrived.etag)
            return PromotionOutcome.REPLAY
        if upload.status is UploadStatus.PROCESSING:
            if upload.source_checksum in (None, arrived.checksum):
                upload = self._inspect_and_copy(upload, arrived)
            else:
                upload = self._reject_replaced(upload)
        if upload.status is UploadStatus.PROCESSING:
            return PromotionOutcome.MOVING
        self._clear(key, arrived.etag)
        return _outcome(upload)

    def _claim(self, identifier: str, grant: UploadGrant, arrived: StoredObject) -> ObjectUpload:
        """Return the record of this upload: a new claim on `arrived`, or the existing record."""
        now = self.clock.now()
        claim = ObjectUpload(
            file_identifier=identifier,
            bucket=grant.bucket,
            is_derivative=grant.is_derivative,
            original_filename=grant.original_filename,
            received_media_type=grant.received_media_type,
            created_by=grant.created_by,
            created_on=now,
            status=UploadStatus.PROCESSING,
            source_etag=arrived.etag,
            source_checksum=arrived.checksum,
            awaiting=Awaiting.COMPLETION,
            awaiting_since=now,
        )
        try:
            return self.uploads.add(claim)
        except RecordExistsError:
            return self._current(claim)

    def _inspect_and_copy(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        """Inspect and copy the claimed bytes, and return the record after that.

        It is still PROCESSING if a large file is copied by another function.
        """
        try:
            planned = upload if upload.object_key else self._plan(upload, arrived)
            if planned.status is not UploadStatus.PROCESSING:
                return planned
            return self._copy(planned, arrived)
        except RejectedError as error:
            return self._finish(upload, upload.rejected(error.rejection))
        except (ObjectChangedError, ObjectMissingError):
            return self._finish_without_source(self._current(upload))

    def _plan(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        """Inspect the bytes and record the result and the destination, for all later runs."""
        content = inspect(
            _ClaimedBytes(self.objects, arrived),
            name=upload.original_filename,
            received_media_type=upload.received_media_type,
            max_bytes=self.max_bytes,
            forbidden=self.forbidden,
        )
        destination = final_key(
            upload.bucket,
            upload.file_identifier,
            content.evaluated_file_extension,
            is_derivative=upload.is_derivative,
            claim="" if self.copy_conditions else arrived.etag,
        )
        thumbnail = wants_thumbnail(content, is_derivative=upload.is_derivative)
        return self._write(
            upload,
            replace(
                upload,
                inspected_content=replace(content, sha1_hex=arrived.sha1_hex, crc32=arrived.crc32),
                object_key=destination,
                thumbnail_identifier=(
                    paired_identifier(upload.file_identifier) if thumbnail else None
                ),
            ),
        )

    def _copy(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        if arrived.size_bytes > self.max_copy_bytes:
            copied = self.large_files.copy(upload, arrived)
            if copied is None:
                return self._current(upload)
            upload, promoted = copied
        else:
            # S3 computes one checksum of a copy: CRC-32 if the client's SHA-1 was verified before.
            promoted = self.objects.promote(
                arrived,
                str(upload.object_key),
                content_type=upload.content.evaluated_media_type,
                checksum="CRC32" if upload.content.sha1_hex else "SHA1",
            )
        if self._is_replaced(arrived):
            return self._reject_replaced(upload)
        return self._accept(upload, promoted)

    def _is_replaced(self, claimed: StoredObject) -> bool:
        """True if the source has other bytes with the same ETag.

        The condition of a copy compares ETags. They are MD5, and two files can have the same MD5.
        """
        if claimed.checksum is None:
            return False
        try:
            source = self.objects.describe(claimed.key)
        except ObjectMissingError:
            return False  # another run has finished this upload
        return source.etag == claimed.etag and source.checksum != claimed.checksum

    def _reject_replaced(self, upload: ObjectUpload) -> ObjectUpload:
        if upload.object_key is not None:
            self.objects.remove(upload.object_key)
        return self._finish(upload, upload.rejected(SOURCE_REPLACED))

    def _clear(self, key: str, etag: str) -> None:
        # If the object changed, the form was posted again: S3 sends an event for those bytes.
        with suppress(ObjectChangedError):
            self.objects.remove(key, etag=etag)


class _ClaimedBytes:
    """The claimed object as the detector's reader: each range read has `If-Match` on its ETag."""

    def __init__(self, objects: Objects, claimed: StoredObject) -> None:
        self._objects = objects
        self._claimed = claimed

    @property
    def size_bytes(self) -> int:
        return self._claimed.size_bytes

    def read(self, start: int, length: int) -> bytes:
        return self._objects.read(
            self._claimed.key, start, min(length, self.size_bytes - start), etag=self._claimed.etag
        )


def _outcome(finished: ObjectUpload) -> PromotionOutcome:
    is_available = finished.status is UploadStatus.AVAILABLE
    return PromotionOutcome.AVAILABLE if is_available else PromotionOutcome.REJECTED

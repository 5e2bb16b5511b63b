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

from coffer.domain.errors import (
    InvalidError,
    ObjectChangedError,
    ObjectMissingError,
    RecordExistsError,
)
from coffer.domain.identifiers import is_identifier, paired_identifier
from coffer.domain.media_types import OCTET_STREAM, parse_media_type
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.completion import (
    SOURCE_REPLACED,
    Completion,
    PromotionOutcome,
    outcome_of,
)
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES, ForbiddenTypes
from coffer.domain.uploads.grant import METADATA_NAME, GrantError, UploadGrant
from coffer.domain.uploads.large_files import MAX_COPY_BYTES, LargeFiles
from coffer.domain.uploads.object_keys import final_key, incoming_key
from coffer.domain.uploads.record import Awaiting, ObjectUpload, RejectedError, UploadStatus
from coffer.domain.uploads.rules import inspect, wants_thumbnail

_DEFAULT_TYPES = frozenset({OCTET_STREAM, "binary/octet-stream"})
"""The type in our forms, and that of S3 for uploads without one."""


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
        return outcome_of(upload)

    def _claim(self, identifier: str, grant: UploadGrant, arrived: StoredObject) -> ObjectUpload:
        """Return the record of this upload: a new claim on `arrived`, or the existing record."""
        now = self.clock.now()
        claim = ObjectUpload(
            file_identifier=identifier,
            bucket=grant.bucket,
            is_derivative=grant.is_derivative,
            original_filename=grant.original_filename,
            folder=grant.folder,
            received_media_type=grant.received_media_type or _set_media_type(arrived),
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


def _set_media_type(arrived: StoredObject) -> str | None:
    """Return the media type that the client set in the form; None if it left the form's own.

    A malformed one is as none: the file is kept with the detected type.
    """
    with suppress(InvalidError):
        media_type = parse_media_type(arrived.content_type)
        return None if media_type in _DEFAULT_TYPES else media_type
    return None


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

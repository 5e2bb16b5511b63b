"""Promotion: a file that arrived in `incoming/` is claimed, looked into, and moved to its place
or refused (flow 3 of the architecture).

Every step can run twice, in any order, and be killed after any call; the end is the same:

1. claim    the record is written as PROCESSING with the ETag of the bytes, unless there is one
2. inspect  ranged GETs, each on condition of that ETag
3. plan     what was found and where the bytes will go is written down, still as PROCESSING
4. promote  a copy inside the store, on condition of that ETag, to a key that holds nothing; what is
            too large for one copy is moved in parts, by a function that has the time
5. flip     the record becomes AVAILABLE, or REJECTED with the reason
6. clear    the arrived object is deleted, on condition of its ETag

Whatever has another ETag than the claim is a replay of the form: deleted, never looked into.
"""

from __future__ import annotations

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
from coffer.domain.identifiers import is_identifier, new_identifier
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.grant import METADATA_NAME, GrantError, UploadGrant
from coffer.domain.uploads.large_files import MAX_COPY_BYTES, LargeFiles
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import (
    Awaiting,
    Content,
    ObjectUpload,
    Rejection,
    UploadStatus,
    final_key,
    incoming_key,
)
from coffer.domain.uploads.rules import RejectedError, inspect, wants_thumbnail

SOURCE_REPLACED = Rejection(
    code="source_replaced",
    detail="Other bytes were posted with the same form while the file was being processed.",
)


class Outcome(StrEnum):
    """How the processing of one arrival ended."""

    AVAILABLE = "available"
    REJECTED = "rejected"
    REPLAY = "replay"
    GONE = "gone"
    FOREIGN = "foreign"
    MOVING = "moving"
    """A large file is being copied in parts; whoever ends that settles the record."""


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """The parts of the world that promotion works on, and how the store behaves."""

    uploads: Uploads
    objects: Objects
    clock: Clock
    max_bytes: int
    stream_hash_limit_bytes: int
    """The most that is read to find the hashes which the store itself does not tell."""
    large_files: LargeFiles
    largest_copy_bytes: int = MAX_COPY_BYTES
    copy_conditions: bool = True
    """False for a store that ignores conditions on copies: the claim then goes into the key."""

    def process(self, key: str) -> Outcome:
        """Deal with whatever is under `key` in `incoming/` now."""
        try:
            arrived = self.objects.describe(key)
            grant = UploadGrant.decode(arrived.metadata.get(METADATA_NAME))
        except ObjectMissingError:
            return Outcome.GONE
        except GrantError:
            return Outcome.FOREIGN
        identifier = key.rpartition("/")[2]
        ours = is_identifier(identifier) and identifier == identifier.lower()
        if not ours or key != incoming_key(grant.bucket, identifier):
            return Outcome.FOREIGN
        upload = self._claim(identifier, grant, arrived)
        if upload.source_etag != arrived.etag:
            self._clear(key, arrived.etag)
            return Outcome.REPLAY
        if upload.status is UploadStatus.PROCESSING:
            upload = self._settle(upload, arrived)
        if upload.status is UploadStatus.PROCESSING:
            return Outcome.MOVING
        self._clear(key, arrived.etag)
        available = upload.status is UploadStatus.AVAILABLE
        return Outcome.AVAILABLE if available else Outcome.REJECTED

    def resume(self, upload: ObjectUpload) -> Outcome:
        """Bring a record that was left PROCESSING to its end, by looking at the store."""
        key = incoming_key(upload.bucket, upload.file_identifier)
        outcome = self.process(key)
        if outcome in (Outcome.AVAILABLE, Outcome.REJECTED, Outcome.MOVING):
            return outcome
        settled = self._settle_without_source(upload)
        available = settled.status is UploadStatus.AVAILABLE
        return Outcome.AVAILABLE if available else Outcome.REJECTED

    def _claim(self, identifier: str, grant: UploadGrant, arrived: StoredObject) -> ObjectUpload:
        """The record of this upload: a new one that claims `arrived`, or the one that is there."""
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
            awaiting=Awaiting.COMPLETION,
            awaiting_since=now,
        )
        try:
            return self.uploads.add(claim)
        except RecordExistsError:
            return self._current(claim)

    def _settle(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        """Inspect the claimed bytes, move them, and flip the record accordingly.

        The record stays PROCESSING while a large file is being moved.
        """
        try:
            planned = upload if upload.object_key else self._plan(upload, arrived)
            if planned.status is not UploadStatus.PROCESSING:
                return planned
            return self._promote(planned, arrived)
        except RejectedError as error:
            return self._flip(upload, upload.rejected(error.rejection))
        except (ObjectChangedError, ObjectMissingError):
            return self._settle_without_source(self._current(upload))

    def _settle_without_source(self, upload: ObjectUpload) -> ObjectUpload:
        """Flip a record whose arrived bytes are gone: were they promoted before, or lost?"""
        if upload.status is not UploadStatus.PROCESSING:
            return upload
        if upload.object_key is None:
            return self._flip(upload, upload.rejected(SOURCE_REPLACED))
        try:
            promoted = self.objects.describe(upload.object_key)
        except ObjectMissingError:
            return self._flip(upload, upload.rejected(SOURCE_REPLACED))
        if not self._is_claimed(upload, promoted):
            self.objects.remove(promoted.key)
            return self._flip(upload, upload.rejected(SOURCE_REPLACED))
        return self._accept(upload, promoted)

    def _is_claimed(self, upload: ObjectUpload, promoted: StoredObject) -> bool:
        """Whether a copy has the claimed bytes. A store that ignores conditions may have copied
        others, and the run may have died before it saw that. A multipart's ETag says nothing."""
        claim = str(upload.source_etag)
        in_parts = "-" in claim or "-" in promoted.etag
        return self.copy_conditions or in_parts or promoted.etag == claim

    def _plan(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        """Write down what the bytes are and where they will go, so that any later run agrees."""
        content = inspect(
            _ClaimedBytes(self.objects, arrived),
            name=upload.original_filename,
            received_media_type=upload.received_media_type,
            max_bytes=self.max_bytes,
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
                thumbnail_identifier=new_identifier(self.clock) if thumbnail else None,
            ),
        )

    def _promote(self, upload: ObjectUpload, arrived: StoredObject) -> ObjectUpload:
        if arrived.size_bytes > self.largest_copy_bytes:
            moved = self.large_files.move(upload, arrived)
            return self._accept(moved.upload, moved.promoted) if moved else self._current(upload)
        # A copy carries one checksum: where the client's SHA-1 was verified on arrival, CRC-32.
        promoted = self.objects.promote(
            arrived,
            str(upload.object_key),
            content_type=upload.content.evaluated_media_type,
            checksum="CRC32" if upload.content.sha1_hex else "SHA1",
        )
        return self._accept(upload, promoted)

    def _accept(self, upload: ObjectUpload, promoted: StoredObject) -> ObjectUpload:
        content = self._hashed(upload.content, promoted)
        settled = self._flip(
            upload,
            upload.available(
                content,
                promoted.key,
                self.clock.now(),
                duplicate_found=self._is_duplicate(content, upload.bucket),
                thumbnail_identifier=upload.thumbnail_identifier,
            ),
        )
        if settled.status is UploadStatus.REJECTED:
            # Another run of this claim saw the source replaced while this copy was under way.
            self.objects.remove(promoted.key)
        return settled

    def _hashed(self, content: Content, promoted: StoredObject) -> Content:
        """The content with its hashes: the store's own, else from one pass over the bytes.

        Of more bytes than such a pass may read no SHA-1 is known; that is said, and nothing else
        is passed off as one.
        """
        sha1_hex = content.sha1_hex or promoted.sha1_hex
        crc32 = content.crc32 or promoted.crc32
        if sha1_hex is None and content.size_in_bytes <= self.stream_hash_limit_bytes:
            sha1_hex, crc32 = self.objects.digest(promoted.key)
        return replace(content, sha1_hex=sha1_hex, crc32=crc32)

    def _is_duplicate(self, content: Content, bucket: str) -> bool:
        """Whether the bucket has the same content already; unknown content is like none."""
        if content.sha1_hex is None:
            return False
        twins = self.uploads.with_content(content.sha1_hex, bucket_key(bucket))
        return next(twins, None) is not None

    def _flip(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write the final state; another run that got there first wins."""
        settled = self._write(before, after)
        if settled.status is UploadStatus.PROCESSING:
            raise RecordChangedError(f"upload {before.file_identifier} is being processed twice")
        return settled

    def _write(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        """Write `after`, or give the record as another run of the same claim left it."""
        try:
            return self.uploads.replace(before, after)
        except RecordChangedError:
            return self._current(before)

    def _current(self, upload: ObjectUpload) -> ObjectUpload:
        current = self.uploads.get(upload.file_identifier)
        if current is None:
            raise RecordChangedError(f"upload {upload.file_identifier} has vanished")
        return current

    def _clear(self, key: str, etag: str) -> None:
        try:
            self.objects.remove(key, etag=etag)
        except ObjectChangedError:
            # Somebody posted the form once more; S3's event for those bytes is on its way.
            return


class _ClaimedBytes:
    """The claimed object as the detector's reader: every range on condition of its ETag."""

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

"""ObjectUpload: the record of one uploaded file, and the states it goes through.

PENDING     direct upload: the record is written, the bytes may not be in place yet
PROCESSING  direct-to-S3 upload: claimed by the ETag of its bytes, being looked into
AVAILABLE   its bytes are under `object_key`; only now is it visible to readers
REJECTED    its bytes were refused and removed; visible, with the reason

Every change makes a new record (`dataclasses.replace` inside the methods here); the adapter
writes it only if nobody else has written since it was read (`revision`). `version` counts the
changes that readers can see: it is the ETag's, the audit's and the events'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from coffer.domain.buckets import bucket_key
from coffer.domain.media_types import DcType
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.uploads.image_facts import NOTHING_KNOWN, ImageFacts

HASH_FUNCTION = "SHA-1"
"""Name of the hash in metadata and derivatives (Audubon Core, `ac:hashFunction`)."""


class UploadStatus(StrEnum):
    """Where an upload stands; see the module's table."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    AVAILABLE = "AVAILABLE"
    REJECTED = "REJECTED"


class ThumbnailStatus(StrEnum):
    """Where an upload's thumbnail stands."""

    PENDING = "PENDING"
    READY = "READY"
    UNSUPPORTED = "UNSUPPORTED"
    FAILED = "FAILED"


class HashStatus(StrEnum):
    """Whether the content's SHA-1 is known."""

    AVAILABLE = "AVAILABLE"
    UNAVAILABLE = "UNAVAILABLE"


class Awaiting(StrEnum):
    """What an upload waits for; it is on the sparse index as long as it waits for something."""

    BYTES = "bytes"
    CLAIM = "claim"
    REMOVAL = "removal"


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was found out about the bytes. `crc32` and `sha1_hex` are lower-case hexadecimal."""

    detected_media_type: str
    detected_file_extension: str
    evaluated_media_type: str
    evaluated_file_extension: str
    dc_type: DcType
    size_in_bytes: int
    sha1_hex: str | None = None
    crc32: str | None = None

    @property
    def hash_status(self) -> HashStatus:
        """UNAVAILABLE where the store told no SHA-1 and the bytes are too many to read for it."""
        return HashStatus.AVAILABLE if self.sha1_hex else HashStatus.UNAVAILABLE


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Why the bytes were refused: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class ObjectUpload:
    """One uploaded file. Times are aware UTC; `bucket` is spelled as the uploader spelled it."""

    file_identifier: str
    bucket: str
    is_derivative: bool
    original_filename: str
    received_media_type: str | None
    created_by: str
    created_on: datetime
    status: UploadStatus
    source_etag: str | None = None
    """The claim: the ETag of the bytes in `incoming/` that this record is about, without quotes."""
    object_key: str | None = None
    copy_identifier: str | None = None
    """The multipart upload by which a large file is being copied to `object_key`."""
    content: Content | None = None
    rejection: Rejection | None = None
    duplicate_found: bool = False
    """Whether a file with the same content was in the same bucket when this one came."""
    thumbnail_identifier: str | None = None
    thumbnail_status: ThumbnailStatus | None = None
    thumbnail_failure: str | None = None
    facts: ImageFacts = NOTHING_KNOWN
    """What the image says about itself; known once its thumbnail was attempted."""
    claimed_by: str | None = None
    """`metadata/<id>` or `derivative/<id>`: the one record that describes this file."""
    awaiting: Awaiting | None = None
    awaiting_since: datetime | None = None
    changed_by: str | None = None
    """Who made this version; None: its uploader, or Coffer itself."""
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    expires_at: datetime | None = None
    version: int = 0
    revision: int = 0

    @property
    def metadata_identifier(self) -> str | None:
        """UUID of the metadata record that describes the file, if there is one."""
        kind, _, identifier = (self.claimed_by or "").partition("/")
        return identifier if kind == "metadata" else None

    @property
    def instance_id(self) -> str:
        """`object-upload/<id>`."""
        return f"object-upload/{self.file_identifier}"

    @property
    def is_visible(self) -> bool:
        """Whether readers may see the record at all (a tombstone is visible: as gone)."""
        return self.status in (UploadStatus.AVAILABLE, UploadStatus.REJECTED)

    @property
    def is_readable(self) -> bool:
        """Whether the bytes can be handed out."""
        return self.status is UploadStatus.AVAILABLE and self.deleted_on is None

    @property
    def found(self) -> Content:
        """The content of an upload that has been looked into."""
        if self.content is None:
            raise ValueError(f"upload {self.file_identifier} has not been looked into yet")
        return self.content

    @property
    def thumbnail_key(self) -> str:
        """Where the generated thumbnail is kept in the store."""
        return f"thumbnails/{bucket_key(self.bucket)}/{self.thumbnail_identifier}.jpg"

    def available(
        self,
        content: Content,
        object_key: str,
        now: datetime,
        *,
        duplicate_found: bool,
        thumbnail_identifier: str | None,
    ) -> ObjectUpload:
        """The record once its bytes are in place: it now waits for metadata to claim it."""
        return replace(
            self,
            status=UploadStatus.AVAILABLE,
            content=content,
            object_key=object_key,
            copy_identifier=None,
            duplicate_found=duplicate_found,
            thumbnail_identifier=thumbnail_identifier,
            thumbnail_status=self._first_thumbnail_status(thumbnail_identifier),
            awaiting=Awaiting.CLAIM,
            awaiting_since=now,
            version=self.version + 1,
        )

    def rejected(self, rejection: Rejection) -> ObjectUpload:
        """The record once its bytes were refused; nothing is left to wait for."""
        return replace(
            self,
            status=UploadStatus.REJECTED,
            rejection=rejection,
            copy_identifier=None,
            awaiting=None,
            awaiting_since=None,
            version=self.version + 1,
        )

    def thumbnail_wanted(self, identifier: str) -> ObjectUpload:
        """The record once a thumbnail is to be made of it: of a derivative, or once more."""
        return replace(
            self,
            thumbnail_identifier=identifier,
            thumbnail_status=ThumbnailStatus.PENDING,
            thumbnail_failure=None,
            changed_by=None,
            version=self.version + 1,
        )

    def summed(self, crc32: str) -> ObjectUpload:
        """The record once the CRC-32 of its bytes, in hexadecimal, has been computed."""
        return replace(
            self,
            content=replace(self.found, crc32=crc32),
            changed_by=None,
            version=self.version + 1,
        )

    def deleted(self, by: str, now: datetime) -> ObjectUpload:
        """The tombstone: gone for readers at once, it now waits for its bytes to be removed."""
        return replace(
            self,
            deleted_on=now,
            deleted_by=by,
            awaiting=Awaiting.REMOVAL,
            awaiting_since=now,
            version=self.version + 1,
        )

    def bytes_gone(self, now: datetime) -> ObjectUpload:
        """The tombstone once nothing is left in the store: it waits for nothing, and expires."""
        return replace(
            self, awaiting=None, awaiting_since=None, expires_at=now + TOMBSTONE_LIFETIME
        )

    def thumbnail_ready(self, facts: ImageFacts) -> ObjectUpload:
        """The record once its thumbnail is in the store."""
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.READY,
            changed_by=None,
            thumbnail_failure=None,
            facts=facts,
            version=self.version + 1,
        )

    def thumbnail_failed(self, code: str, facts: ImageFacts = NOTHING_KNOWN) -> ObjectUpload:
        """The record once it is clear that no thumbnail can be made; `code` says why.

        What an earlier attempt found out stays known where this one found nothing.
        """
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.FAILED,
            thumbnail_failure=code,
            changed_by=None,
            facts=self.facts if facts == NOTHING_KNOWN else facts,
            version=self.version + 1,
        )

    def _first_thumbnail_status(self, thumbnail_identifier: str | None) -> ThumbnailStatus | None:
        if self.is_derivative:
            return None
        return ThumbnailStatus.PENDING if thumbnail_identifier else ThumbnailStatus.UNSUPPORTED


def incoming_key(bucket: str, file_identifier: str) -> str:
    """Where a direct-to-S3 upload arrives."""
    return f"incoming/{bucket_key(bucket)}/{file_identifier}"


def final_key(
    bucket: str, file_identifier: str, extension: str, *, is_derivative: bool, claim: str = ""
) -> str:
    """Where an accepted file is kept.

    `claim` goes into the key where the store does not honour conditions on copies, so that a
    replay of the form can never land on the key of the bytes that were looked into.
    """
    folder = "derivatives" if is_derivative else "objects"
    suffix = f"-{claim}" if claim else ""
    return f"{folder}/{bucket_key(bucket)}/{file_identifier}{suffix}{extension}"

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
from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties

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
    """What has to happen to an upload next. Uploads that await something are on a sparse index."""

    COMPLETION = "bytes"
    """The upload or its processing is not finished."""
    CLAIM = "claim"
    """No metadata or derivative record describes the file."""
    REMOVAL = "removal"
    """The record is deleted; the bytes are still in the store."""


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
    inspected_content: Content | None = None
    rejection: Rejection | None = None
    duplicate_found: bool = False
    """Whether a file with the same content was in the same bucket when this one came."""
    thumbnail_identifier: str | None = None
    thumbnail_status: ThumbnailStatus | None = None
    thumbnail_failure: str | None = None
    image_properties: ImageProperties = NO_PROPERTIES
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
    def content(self) -> Content:
        """Return the inspected content; raise ValueError before inspection."""
        if self.inspected_content is None:
            raise ValueError(f"upload {self.file_identifier} has not been inspected yet")
        return self.inspected_content

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
            inspected_content=content,
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

    def thumbnail_requested(self, identifier: str) -> ObjectUpload:
        """The record once a thumbnail is to be made of it: of a derivative, or once more."""
        return replace(
            self,
            thumbnail_identifier=identifier,
            thumbnail_status=ThumbnailStatus.PENDING,
            thumbnail_failure=None,
            changed_by=None,
            version=self.version + 1,
        )

    def with_crc32(self, crc32: str) -> ObjectUpload:
        """The record once the CRC-32 of its bytes, in hexadecimal, has been computed."""
        return replace(
            self,
            inspected_content=replace(self.content, crc32=crc32),
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

    def bytes_removed(self, now: datetime) -> ObjectUpload:
        """The tombstone once nothing is left in the store: it waits for nothing, and expires."""
        return replace(
            self, awaiting=None, awaiting_since=None, expires_at=now + TOMBSTONE_LIFETIME
        )

    def thumbnail_ready(self, properties: ImageProperties) -> ObjectUpload:
        """The record once its thumbnail is in the store."""
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.READY,
            changed_by=None,
            thumbnail_failure=None,
            image_properties=properties,
            version=self.version + 1,
        )

    def thumbnail_failed(
        self, code: str, properties: ImageProperties = NO_PROPERTIES
    ) -> ObjectUpload:
        """The record once it is clear that no thumbnail can be made; `code` says why.

        What an earlier attempt found out stays known where this one found nothing.
        """
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.FAILED,
            thumbnail_failure=code,
            changed_by=None,
            image_properties=self.image_properties if properties == NO_PROPERTIES else properties,
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

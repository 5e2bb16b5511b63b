"""The record of one uploaded file, and its states.

UPLOADING   only its owner sees it: the client uploads parts (`sessions`); no such record is stored
PENDING     sent through the API: the record is written, the bytes may not be stored yet
PROCESSING  posted to S3: the record claims the bytes by their ETag, they are being inspected
AVAILABLE   the bytes are stored under `object_key`; readers see the record from now on
REJECTED    the bytes were refused and removed; readers see the record and the reason

Each change returns a new record. The adapter writes it only if the stored record is the one that
was read (`revision`). `version` counts the changes that readers can see; the ETag, the audit and
the events use it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from coffer.domain.media_types import DcType
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties
from coffer.domain.uploads.object_keys import thumbnail_key

HASH_FUNCTION = "SHA-1"
"""Name of the hash in metadata and derivatives (Audubon Core, `ac:hashFunction`)."""


class UploadStatus(StrEnum):
    """The state of an upload; the module's docstring explains them."""

    UPLOADING = "UPLOADING"
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    AVAILABLE = "AVAILABLE"
    REJECTED = "REJECTED"


class ThumbnailStatus(StrEnum):
    """The state of an upload's thumbnail."""

    PENDING = "PENDING"
    READY = "READY"
    UNSUPPORTED = "UNSUPPORTED"
    FAILED = "FAILED"


class HashStatus(StrEnum):
    """AVAILABLE if the content's SHA-1 is known."""

    AVAILABLE = "AVAILABLE"
    UNAVAILABLE = "UNAVAILABLE"


class Awaiting(StrEnum):
    """The next step of an upload. Uploads that await one are on a sparse index."""

    COMPLETION = "bytes"
    """The upload or its processing is not finished."""
    CLAIM = "claim"
    """No metadata or derivative record describes the file."""
    REMOVAL = "removal"
    """The record is deleted; the bytes are still in the store."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """The result of inspecting the bytes. `crc32` and `sha1_hex` are lower-case hexadecimal."""

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
        """UNAVAILABLE if the store computed no SHA-1 and the file was too large to read for it."""
        return HashStatus.AVAILABLE if self.sha1_hex else HashStatus.UNAVAILABLE


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """The reason why the bytes were refused: a stable code and a sentence."""

    code: str
    detail: str


class RejectedError(Exception):
    """The file may not be stored; `rejection` has the reason."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(code=code, detail=detail)


@dataclass(frozen=True, kw_only=True)
class ObjectUpload:
    """One uploaded file. Times are aware UTC; `bucket` has the uploader's spelling."""

    file_identifier: str
    bucket: str
    is_derivative: bool
    original_filename: str
    created_by: str
    created_on: datetime
    status: UploadStatus
    folder: str | None = None
    """The path of the folder that the file had at the client; None if it was sent without one."""
    received_media_type: str | None = None
    source_etag: str | None = None
    """The claim: the ETag (without quotes) of the bytes in `incoming/` of this record."""
    source_checksum: str | None = None
    """The store's checksum of the claimed bytes; None if it has none, and in old records."""
    object_key: str | None = None
    stored_etag: str | None = None
    """The store's ETag (without quotes) of the object under `object_key`; None in old records."""
    stored_on: datetime | None = None
    """The store's Last-Modified of that object; None for a direct upload, and in old records."""
    copy_identifier: str | None = None
    """Identifier of the multipart upload that copies a large file to `object_key`."""
    inspected_content: Content | None = None
    """None until the bytes are inspected; `content` is the same without None."""
    rejection: Rejection | None = None
    duplicate_found: bool = False
    """True if the bucket had a file with the same content when this one arrived."""
    thumbnail_identifier: str | None = None
    thumbnail_status: ThumbnailStatus | None = None
    thumbnail_failure: str | None = None
    thumbnail_warning: str | None = None
    image_properties: ImageProperties = NO_PROPERTIES
    """Known after the first attempt to make a thumbnail."""
    claimed_by: str | None = None
    """`metadata/<id>` or `derivative/<id>`: the only record that describes this file."""
    awaiting: Awaiting | None = None
    awaiting_since: datetime | None = None
    changed_by: str | None = None
    """The user who made this version; None for its uploader and for Coffer itself."""
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    expires_at: datetime | None = None
    version: int = 0
    revision: int = 0

    @property
    def identifier(self) -> str:
        """Return `file_identifier`, the id of the record."""
        return self.file_identifier

    @property
    def relative_path(self) -> str | None:
        """Return the folder with the original file name, or None without a folder."""
        return f"{self.folder}/{self.original_filename}" if self.folder else None

    @property
    def metadata_identifier(self) -> str | None:
        """Return the id of the metadata record that describes the file, if one does."""
        kind, _, identifier = (self.claimed_by or "").partition("/")
        return identifier if kind == "metadata" else None

    @property
    def instance_id(self) -> str:
        """Return `object-upload/<id>`, as audit snapshots name the record."""
        return f"object-upload/{self.file_identifier}"

    @property
    def is_visible(self) -> bool:
        """True if readers may see the record. Tombstones are visible: readers get 410."""
        return self.status in (UploadStatus.AVAILABLE, UploadStatus.REJECTED)

    @property
    def is_readable(self) -> bool:
        """True if the bytes may be downloaded."""
        return self.status is UploadStatus.AVAILABLE and self.deleted_on is None

    @property
    def content(self) -> Content:
        """Return the inspected content; raise ValueError if it is not inspected yet."""
        if self.inspected_content is None:
            raise ValueError(f"upload {self.file_identifier} has not been inspected yet")
        return self.inspected_content

    @property
    def hash_status(self) -> HashStatus | None:
        """Return if SHA-1 is known; None before inspection and if the file was refused."""
        if self.inspected_content is None or self.rejection is not None:
            return None
        return self.inspected_content.hash_status

    @property
    def readable_thumbnail_identifier(self) -> str | None:
        """UUID of the thumbnail; None if the file cannot be read or gets no thumbnail."""
        return self.thumbnail_identifier if self.is_readable else None

    @property
    def thumbnail_key(self) -> str:
        """Return the key of the generated thumbnail in the store."""
        return thumbnail_key(self.bucket, str(self.thumbnail_identifier))

    def available(
        self,
        content: Content,
        object_key: str,
        now: datetime,
        *,
        etag: str,
        stored_on: datetime | None = None,
        duplicate_found: bool,
    ) -> ObjectUpload:
        """Return the record of a file that is stored with this ETag and awaits a claim."""
        return replace(
            self,
            status=UploadStatus.AVAILABLE,
            inspected_content=content,
            object_key=object_key,
            stored_etag=etag,
            stored_on=stored_on,
            copy_identifier=None,
            duplicate_found=duplicate_found,
            thumbnail_status=self._first_thumbnail_status(),
            awaiting=Awaiting.CLAIM,
            awaiting_since=now,
            version=self.version + 1,
        )

    def rejected(self, rejection: Rejection) -> ObjectUpload:
        """Return the record of a file that was refused."""
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
        """Return the record with a thumbnail to be made, after none or a failed one."""
        return replace(
            self,
            thumbnail_identifier=identifier,
            thumbnail_status=ThumbnailStatus.PENDING,
            thumbnail_failure=None,
            thumbnail_warning=None,
            changed_by=None,
            version=self.version + 1,
        )

    def with_crc32(self, crc32: str) -> ObjectUpload:
        """Return the record with the CRC-32 of its bytes, in hexadecimal."""
        return replace(
            self,
            inspected_content=replace(self.content, crc32=crc32),
            changed_by=None,
            version=self.version + 1,
        )

    def deleted(self, by: str, now: datetime) -> ObjectUpload:
        """Return the tombstone of a deleted upload whose bytes are still to be removed."""
        return replace(
            self,
            deleted_on=now,
            deleted_by=by,
            awaiting=Awaiting.REMOVAL,
            awaiting_since=now,
            version=self.version + 1,
        )

    def bytes_removed(self, now: datetime) -> ObjectUpload:
        """Return the tombstone with an expiry date, after its bytes were removed."""
        return replace(
            self, awaiting=None, awaiting_since=None, expires_at=now + TOMBSTONE_LIFETIME
        )

    def thumbnail_ready(
        self, properties: ImageProperties, *, warning: str | None = None
    ) -> ObjectUpload:
        """Return the record of an upload whose thumbnail is stored.

        `warning` is a code if a part of the image could not be decoded.
        """
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.READY,
            changed_by=None,
            thumbnail_failure=None,
            thumbnail_warning=warning,
            image_properties=properties,
            version=self.version + 1,
        )

    def thumbnail_failed(
        self, code: str, properties: ImageProperties = NO_PROPERTIES
    ) -> ObjectUpload:
        """Return the record of an upload of which no thumbnail can be made; `code` is the reason.

        Keeps the image properties of an earlier attempt if this one found none.
        """
        return replace(
            self,
            thumbnail_status=ThumbnailStatus.FAILED,
            thumbnail_failure=code,
            thumbnail_warning=None,
            changed_by=None,
            image_properties=self.image_properties if properties == NO_PROPERTIES else properties,
            version=self.version + 1,
        )

    def _first_thumbnail_status(self) -> ThumbnailStatus | None:
        if self.is_derivative:
            return None
        return ThumbnailStatus.PENDING if self.thumbnail_identifier else ThumbnailStatus.UNSUPPORTED


@dataclass(frozen=True, kw_only=True)
class UploadResult:
    """The record of a stored file.

    `duplicate_found` is true if the caller may read another file with the same content.
    """

    upload: ObjectUpload
    duplicate_found: bool

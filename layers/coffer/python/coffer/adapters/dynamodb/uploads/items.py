"""The items of the table of uploads and what they stand for, both ways.

Attribute names are the API's where the API has the attribute. Times are ISO 8601 text, which sorts
as it should; only `expiresAt` is in epoch seconds, as DynamoDB's TTL wants it. The other tables'
items are written likewise.
"""

from __future__ import annotations

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import (
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
)

from coffer.adapters.dynamodb.attributes import MomentAttribute, epoch, from_epoch
from coffer.adapters.dynamodb.connection import Table
from coffer.adapters.dynamodb.list_keys import ListedByName, list_keys
from coffer.domain.buckets import bucket_key
from coffer.domain.identifiers import shard_of
from coffer.domain.media_types import DcType
from coffer.domain.uploads.image_properties import ImageProperties
from coffer.domain.uploads.record import (
    Awaiting,
    Content,
    ObjectUpload,
    Rejection,
    ThumbnailStatus,
    UploadStatus,
)
from coffer.settings import table_settings


class ContentIndex(GlobalSecondaryIndex["UploadItem"]):
    """Uploads by what they contain: finds duplicates."""

    class Meta:
        index_name = "byContent"
        projection = IncludeProjection(["deletedOn"])

    sha1_hex = UnicodeAttribute(hash_key=True, attr_name="sha1Hex")
    bucket_key = UnicodeAttribute(range_key=True, attr_name="bucketKey")


class AwaitingIndex(GlobalSecondaryIndex["UploadItem"]):
    """Uploads that wait for something, by what and since when: sparse, and spread over shards."""

    class Meta:
        index_name = "byAwaiting"
        projection = KeysOnlyProjection()

    awaiting = UnicodeAttribute(hash_key=True)
    awaiting_since = MomentAttribute(range_key=True, attr_name="awaitingSince")


class ThumbnailFailureIndex(GlobalSecondaryIndex["UploadItem"]):
    """Uploads whose thumbnail failed, by why: sparse."""

    class Meta:
        index_name = "byThumbnailFailure"
        projection = KeysOnlyProjection()

    thumbnail_failure = UnicodeAttribute(hash_key=True, attr_name="thumbnailFailure")
    file_identifier = UnicodeAttribute(range_key=True, attr_name="fileIdentifier")


class UploadItem(ListedByName, Table):
    """An ObjectUpload in its table."""

    class Meta:
        table_name = table_settings.uploads_table

    file_identifier = UnicodeAttribute(hash_key=True, attr_name="fileIdentifier")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    is_derivative = BooleanAttribute(attr_name="isDerivative")
    original_filename = UnicodeAttribute(attr_name="originalFilename")
    received_media_type = UnicodeAttribute(null=True, attr_name="receivedMediaType")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = MomentAttribute(attr_name="createdOn")
    status = UnicodeAttribute(attr_name="uploadStatus")
    source_etag = UnicodeAttribute(null=True, attr_name="sourceEtag")
    object_key = UnicodeAttribute(null=True, attr_name="objectKey")
    copy_identifier = UnicodeAttribute(null=True, attr_name="copyIdentifier")
    detected_media_type = UnicodeAttribute(null=True, attr_name="detectedMediaType")
    detected_file_extension = UnicodeAttribute(null=True, attr_name="detectedFileExtension")
    evaluated_media_type = UnicodeAttribute(null=True, attr_name="evaluatedMediaType")
    evaluated_file_extension = UnicodeAttribute(null=True, attr_name="evaluatedFileExtension")
    dc_type = UnicodeAttribute(null=True, attr_name="dcType")
    size_in_bytes = NumberAttribute(null=True, attr_name="sizeInBytes")
    sha1_hex = UnicodeAttribute(null=True, attr_name="sha1Hex")
    # Until the bytes are in place their hash is kept under another name, off the content index.
    planned_sha1_hex = UnicodeAttribute(null=True, attr_name="plannedSha1Hex")
    crc32 = UnicodeAttribute(null=True)
    rejection_code = UnicodeAttribute(null=True, attr_name="rejectionCode")
    rejection_detail = UnicodeAttribute(null=True, attr_name="rejectionDetail")
    duplicate_found = BooleanAttribute(attr_name="duplicateFound")
    thumbnail_identifier = UnicodeAttribute(null=True, attr_name="thumbnailIdentifier")
    thumbnail_status = UnicodeAttribute(null=True, attr_name="thumbnailStatus")
    thumbnail_failure = UnicodeAttribute(null=True, attr_name="thumbnailFailure")
    width = NumberAttribute(null=True)
    height = NumberAttribute(null=True)
    orientation = NumberAttribute(null=True)
    date_time_digitized = UnicodeAttribute(null=True, attr_name="dateTimeDigitized")
    exif = JSONAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True, attr_name="claimedBy")
    awaiting = UnicodeAttribute(null=True)
    awaiting_since = MomentAttribute(null=True, attr_name="awaitingSince")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = MomentAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()
    revision = NumberAttribute()

    by_content = ContentIndex()
    by_awaiting = AwaitingIndex()
    by_thumbnail_failure = ThumbnailFailureIndex()

    @classmethod
    def of(cls, upload: ObjectUpload) -> UploadItem:
        """The item that stands for a record."""
        content, rejection = upload.inspected_content, upload.rejection
        in_place = upload.status is UploadStatus.AVAILABLE
        sha1_hex = content.sha1_hex if content else None
        return cls(
            file_identifier=upload.file_identifier,
            bucket=upload.bucket,
            bucket_key=bucket_key(upload.bucket),
            is_derivative=upload.is_derivative,
            original_filename=upload.original_filename,
            received_media_type=upload.received_media_type,
            created_by=upload.created_by,
            created_on=upload.created_on,
            status=upload.status.value,
            source_etag=upload.source_etag,
            object_key=upload.object_key,
            copy_identifier=upload.copy_identifier,
            detected_media_type=content.detected_media_type if content else None,
            detected_file_extension=content.detected_file_extension if content else None,
            evaluated_media_type=content.evaluated_media_type if content else None,
            evaluated_file_extension=content.evaluated_file_extension if content else None,
            dc_type=content.dc_type.value if content else None,
            size_in_bytes=content.size_in_bytes if content else None,
            sha1_hex=sha1_hex if in_place else None,
            planned_sha1_hex=None if in_place else sha1_hex,
            crc32=content.crc32 if content else None,
            rejection_code=rejection.code if rejection else None,
            rejection_detail=rejection.detail if rejection else None,
            duplicate_found=upload.duplicate_found,
            thumbnail_identifier=upload.thumbnail_identifier,
            thumbnail_status=upload.thumbnail_status.value if upload.thumbnail_status else None,
            thumbnail_failure=upload.thumbnail_failure,
            width=upload.image_properties.width,
            height=upload.image_properties.height,
            orientation=upload.image_properties.orientation,
            date_time_digitized=upload.image_properties.date_time_digitized,
            exif=dict(upload.image_properties.exif) or None,
            claimed_by=upload.claimed_by,
            awaiting=(
                awaiting_key(upload.awaiting, shard_of(upload.file_identifier))
                if upload.awaiting
                else None
            ),
            awaiting_since=upload.awaiting_since,
            changed_by=upload.changed_by,
            deleted_on=upload.deleted_on,
            deleted_by=upload.deleted_by,
            expires_at=epoch(upload.expires_at),
            version=upload.version,
            revision=upload.revision,
            **list_keys(upload),
        )

    def record(self) -> ObjectUpload:
        """The record that this item stands for."""
        reason = self.awaiting.partition("#")[0] if self.awaiting else None
        status = self.thumbnail_status
        return ObjectUpload(
            file_identifier=self.file_identifier,
            bucket=self.bucket,
            is_derivative=self.is_derivative,
            original_filename=self.original_filename,
            received_media_type=self.received_media_type,
            created_by=self.created_by,
            created_on=self.created_on,
            status=UploadStatus(self.status),
            source_etag=self.source_etag,
            object_key=self.object_key,
            copy_identifier=self.copy_identifier,
            inspected_content=self._content(),
            rejection=self._rejection(),
            duplicate_found=self.duplicate_found,
            thumbnail_identifier=self.thumbnail_identifier,
            thumbnail_status=ThumbnailStatus(status) if status else None,
            thumbnail_failure=self.thumbnail_failure,
            image_properties=self._image_properties(),
            claimed_by=self.claimed_by,
            awaiting=Awaiting(reason) if reason else None,
            awaiting_since=self.awaiting_since,
            changed_by=self.changed_by,
            deleted_on=self.deleted_on,
            deleted_by=self.deleted_by,
            expires_at=from_epoch(self.expires_at),
            version=int(self.version),
            revision=int(self.revision),
        )

    def _content(self) -> Content | None:
        if self.detected_media_type is None:
            return None
        return Content(
            detected_media_type=self.detected_media_type,
            detected_file_extension=self.detected_file_extension or "",
            evaluated_media_type=self.evaluated_media_type or "",
            evaluated_file_extension=self.evaluated_file_extension or "",
            dc_type=DcType(self.dc_type),
            size_in_bytes=int(self.size_in_bytes or 0),
            sha1_hex=self.sha1_hex or self.planned_sha1_hex,
            crc32=self.crc32,
        )

    def _image_properties(self) -> ImageProperties:
        return ImageProperties(
            width=_whole(self.width),
            height=_whole(self.height),
            orientation=_whole(self.orientation),
            date_time_digitized=self.date_time_digitized,
            exif=self.exif or {},
        )

    def _rejection(self) -> Rejection | None:
        if self.rejection_code is None:
            return None
        return Rejection(code=self.rejection_code, detail=self.rejection_detail or "")


def awaiting_key(reason: Awaiting, shard: str) -> str:
    """Return the partition of the awaiting index for a reason and a shard."""
    return f"{reason.value}#{shard}"


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)

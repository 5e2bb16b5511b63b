"""Items of the uploads table.

Attributes have their names in the API, if the API has them. Times are ISO 8601 text, which sorts by
time. Only `expiresAt` is in seconds since 1970, as Time to Live needs it. The other tables follow
the same rules.
"""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from coffer.adapters.dynamodb.attributes import (
    ChangeAttributes,
    ChoiceAttribute,
    IntegerAttribute,
    JsonAttribute,
    TimeAttribute,
    stored_record,
    stored_values,
)
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
    """Uploads by the hash of their content, to find duplicates."""

    class Meta:
        index_name = "byContent"
        projection = IncludeProjection(["deletedOn"])

    sha1_hex = UnicodeAttribute(hash_key=True, attr_name="sha1Hex")
    bucket_key = UnicodeAttribute(range_key=True, attr_name="bucketKey")


class AwaitingIndex(GlobalSecondaryIndex["UploadItem"]):
    """Sparse index: uploads that wait for something, by its name, shard and time."""

    class Meta:
        index_name = "byAwaiting"
        projection = KeysOnlyProjection()

    awaiting = UnicodeAttribute(hash_key=True)
    awaiting_since = TimeAttribute(range_key=True, attr_name="awaitingSince")


class ThumbnailFailureIndex(GlobalSecondaryIndex["UploadItem"]):
    """Sparse index: uploads whose thumbnail failed, by the reason."""

    class Meta:
        index_name = "byThumbnailFailure"
        projection = KeysOnlyProjection()

    thumbnail_failure = UnicodeAttribute(hash_key=True, attr_name="thumbnailFailure")
    file_identifier = UnicodeAttribute(range_key=True, attr_name="fileIdentifier")


class UploadItem(ChangeAttributes, ListedByName, Table):
    """An upload record."""

    class Meta:
        table_name = table_settings.uploads_table

    file_identifier = UnicodeAttribute(hash_key=True, attr_name="fileIdentifier")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    is_derivative = BooleanAttribute(attr_name="isDerivative")
    original_filename = UnicodeAttribute(attr_name="originalFilename")
    folder = UnicodeAttribute(null=True)
    received_media_type = UnicodeAttribute(null=True, attr_name="receivedMediaType")
    status = ChoiceAttribute(UploadStatus, attr_name="uploadStatus")
    source_etag = UnicodeAttribute(null=True, attr_name="sourceEtag")
    source_checksum = UnicodeAttribute(null=True, attr_name="sourceChecksum")
    stored_etag = UnicodeAttribute(null=True, attr_name="storedEtag")
    stored_on = TimeAttribute(null=True, attr_name="storedOn")
    object_key = UnicodeAttribute(null=True, attr_name="objectKey")
    copy_identifier = UnicodeAttribute(null=True, attr_name="copyIdentifier")
    detected_media_type = UnicodeAttribute(null=True, attr_name="detectedMediaType")
    detected_file_extension = UnicodeAttribute(null=True, attr_name="detectedFileExtension")
    evaluated_media_type = UnicodeAttribute(null=True, attr_name="evaluatedMediaType")
    evaluated_file_extension = UnicodeAttribute(null=True, attr_name="evaluatedFileExtension")
    dc_type = ChoiceAttribute(DcType, null=True, attr_name="dcType")
    size_in_bytes = IntegerAttribute(null=True, attr_name="sizeInBytes")
    sha1_hex = UnicodeAttribute(null=True, attr_name="sha1Hex")
    # Until the bytes are in place their hash is kept under another name, off the content index.
    planned_sha1_hex = UnicodeAttribute(null=True, attr_name="plannedSha1Hex")
    crc32 = UnicodeAttribute(null=True)
    rejection_code = UnicodeAttribute(null=True, attr_name="rejectionCode")
    rejection_detail = UnicodeAttribute(null=True, attr_name="rejectionDetail")
    duplicate_found = BooleanAttribute(attr_name="duplicateFound")
    thumbnail_identifier = UnicodeAttribute(null=True, attr_name="thumbnailIdentifier")
    thumbnail_status = ChoiceAttribute(ThumbnailStatus, null=True, attr_name="thumbnailStatus")
    thumbnail_failure = UnicodeAttribute(null=True, attr_name="thumbnailFailure")
    thumbnail_warning = UnicodeAttribute(null=True, attr_name="thumbnailWarning")
    width = IntegerAttribute(null=True)
    height = IntegerAttribute(null=True)
    orientation = IntegerAttribute(null=True)
    date_time_digitized = UnicodeAttribute(null=True, attr_name="dateTimeDigitized")
    exif = JsonAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True, attr_name="claimedBy")
    awaiting = UnicodeAttribute(null=True)
    awaiting_since = TimeAttribute(null=True, attr_name="awaitingSince")
    revision = IntegerAttribute()

    by_content = ContentIndex()
    by_awaiting = AwaitingIndex()
    by_thumbnail_failure = ThumbnailFailureIndex()

    @classmethod
    def of(cls, upload: ObjectUpload) -> UploadItem:
        """Return the item of a record."""
        values = stored_values(upload)
        for name in ("inspected_content", "rejection", "image_properties", "awaiting"):
            values.pop(name, None)
        values |= stored_values(upload.image_properties)
        if upload.inspected_content is not None:
            values |= stored_values(upload.inspected_content)
            if upload.status is not UploadStatus.AVAILABLE:
                values["planned_sha1_hex"] = values.pop("sha1_hex", None)
        if upload.rejection is not None:
            values["rejection_code"] = upload.rejection.code
            values["rejection_detail"] = upload.rejection.detail
        if upload.awaiting is not None:
            values["awaiting"] = awaiting_key(upload.awaiting, shard_of(upload.file_identifier))
        return cls(bucket_key=bucket_key(upload.bucket), **values, **list_keys(upload))

    def record(self) -> ObjectUpload:
        """Return the record of the item."""
        reason = self.awaiting.partition("#")[0] if self.awaiting else None
        return stored_record(
            self,
            ObjectUpload,
            inspected_content=self._content(),
            rejection=self._rejection(),
            image_properties=stored_record(self, ImageProperties),
            awaiting=Awaiting(reason) if reason else None,
        )

    def _content(self) -> Content | None:
        if self.detected_media_type is None:
            return None
        return stored_record(self, Content, sha1_hex=self.sha1_hex or self.planned_sha1_hex)

    def _rejection(self) -> Rejection | None:
        if self.rejection_code is None:
            return None
        return Rejection(code=self.rejection_code, detail=self.rejection_detail or "")


def awaiting_key(reason: Awaiting, shard: str) -> str:
    """Return the partition of the awaiting index for a reason and a shard."""
    return f"{reason.value}#{shard}"

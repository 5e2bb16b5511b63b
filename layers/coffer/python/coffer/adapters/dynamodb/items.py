"""The items of the tables and what they stand for: one class a table, both ways.

Attribute names are the API's where the API has the attribute. Times are ISO 8601 text, which sorts
as it should; only `expiresAt` is in epoch seconds, as DynamoDB's TTL wants it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import STRING
from pynamodb.expressions.update import Action
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
)

from coffer.adapters.dynamodb.connection import Table
from coffer.domain.buckets import bucket_key
from coffer.domain.clock import from_text, to_text
from coffer.domain.derivative import Derivative, DerivativeType
from coffer.domain.image_facts import ImageFacts
from coffer.domain.listing.places import Order, Record, place_of
from coffer.domain.media_types import DcType
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import (
    Awaiting,
    Content,
    ObjectUpload,
    Rejection,
    ThumbnailStatus,
    UploadStatus,
)
from coffer.settings import settings

AWAITING_SHARDS = 16

_Item = TypeVar("_Item", bound=Table)


class MomentAttribute(Attribute[datetime]):
    """A time, as ISO 8601 text in UTC with microseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return to_text(value)

    def deserialize(self, value: str) -> datetime:
        return from_text(value)


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


class ListIndex(GlobalSecondaryIndex[Any]):
    """An index that lists are read from; what no list shows lacks its keys, and is not in it."""

    partition: UnicodeAttribute
    position: UnicodeAttribute


def _list_index(name: str, partition_name: str, position_name: str) -> ListIndex:
    class Index(ListIndex):
        class Meta:
            index_name = name
            projection = AllProjection()

        partition = UnicodeAttribute(hash_key=True, attr_name=partition_name)
        position = UnicodeAttribute(range_key=True, attr_name=position_name)

    return Index()


class _Listed:
    """The keys of the list indexes, which an item has while lists show it."""

    listed_in = UnicodeAttribute(null=True, attr_name="listedIn")
    listed_as = UnicodeAttribute(null=True, attr_name="listedAs")
    created_position = UnicodeAttribute(null=True, attr_name="createdPosition")

    by_bucket_created = _list_index("byBucketCreated", "listedIn", "createdPosition")
    by_shard_created = _list_index("byShardCreated", "listedAs", "createdPosition")

    @classmethod
    def off_the_lists(cls) -> list[Action]:
        """What an update does to an item that no list shows any more; `of` does it by itself."""
        return [cls.listed_in.remove(), cls.listed_as.remove()]


class _ListedByName(_Listed):
    named_position = UnicodeAttribute(null=True, attr_name="namedPosition")

    by_bucket_named = _list_index("byBucketNamed", "listedIn", "namedPosition")
    by_shard_named = _list_index("byShardNamed", "listedAs", "namedPosition")


class _ListedByChange(_ListedByName):
    changed_position = UnicodeAttribute(null=True, attr_name="changedPosition")

    by_bucket_changed = _list_index("byBucketChanged", "listedIn", "changedPosition")
    by_shard_changed = _list_index("byShardChanged", "listedAs", "changedPosition")


POSITIONS = {
    Order.CREATED: "created_position",
    Order.CHANGED: "changed_position",
    Order.NAMED: "named_position",
}
"""The attributes with the positions in each order."""


def _list_keys(record: Record) -> dict[str, Any]:
    """The keys of the list indexes, by the names of the items' attributes."""
    place = place_of(record)
    if place is None:
        return {}
    positions = {POSITIONS[order]: position for order, position in place.positions.items()}
    return {"listed_in": place.bucket_key, "listed_as": place.shard, **positions}


class UploadItem(_ListedByName, Table):
    """An ObjectUpload in its table."""

    class Meta:
        table_name = settings.uploads_table

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
        content, rejection = upload.content, upload.rejection
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
            width=upload.facts.width,
            height=upload.facts.height,
            orientation=upload.facts.orientation,
            date_time_digitized=upload.facts.date_time_digitized,
            exif=dict(upload.facts.exif) or None,
            claimed_by=upload.claimed_by,
            awaiting=(
                awaiting_key(upload.awaiting, upload.file_identifier) if upload.awaiting else None
            ),
            awaiting_since=upload.awaiting_since,
            changed_by=upload.changed_by,
            deleted_on=upload.deleted_on,
            deleted_by=upload.deleted_by,
            expires_at=epoch(upload.expires_at),
            version=upload.version,
            revision=upload.revision,
            **_list_keys(upload),
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
            content=self._content(),
            rejection=self._rejection(),
            duplicate_found=self.duplicate_found,
            thumbnail_identifier=self.thumbnail_identifier,
            thumbnail_status=ThumbnailStatus(status) if status else None,
            thumbnail_failure=self.thumbnail_failure,
            facts=self._facts(),
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

    def _facts(self) -> ImageFacts:
        return ImageFacts(
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


class CascadingIndex(GlobalSecondaryIndex["MetadataItem"]):
    """Tombstones whose derivatives may still be there, by since when: sparse, and in shards."""

    class Meta:
        index_name = "byCascading"
        projection = KeysOnlyProjection()

    cascading = UnicodeAttribute(hash_key=True)
    cascading_since = MomentAttribute(range_key=True, attr_name="cascadingSince")


class MetadataItem(_ListedByChange, Table):
    """A Metadata record in its table."""

    class Meta:
        table_name = settings.metadata_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = MomentAttribute(attr_name="createdOn")
    xmp_metadata_date = MomentAttribute(attr_name="xmpMetadataDate")
    dc_type = UnicodeAttribute(attr_name="dcType")
    dc_format = UnicodeAttribute(attr_name="dcFormat")
    publicly_releasable = BooleanAttribute(attr_name="publiclyReleasable")
    not_publicly_releasable_reason = UnicodeAttribute(
        null=True, attr_name="notPubliclyReleasableReason"
    )
    xmp_rights_web_statement = UnicodeAttribute(attr_name="xmpRightsWebStatement")
    dc_rights = UnicodeAttribute(attr_name="dcRights")
    xmp_rights_owner = UnicodeAttribute(attr_name="xmpRightsOwner")
    xmp_rights_usage_terms = UnicodeAttribute(attr_name="xmpRightsUsageTerms")
    file_identifier = UnicodeAttribute(null=True, attr_name="fileIdentifier")
    resource_external_url = UnicodeAttribute(null=True, attr_name="resourceExternalURL")
    original_filename = UnicodeAttribute(null=True, attr_name="originalFilename")
    filename = UnicodeAttribute(null=True)
    file_extension = UnicodeAttribute(null=True, attr_name="fileExtension")
    ac_caption = UnicodeAttribute(null=True, attr_name="acCaption")
    ac_digitization_date = MomentAttribute(null=True, attr_name="acDigitizationDate")
    orientation = NumberAttribute(null=True)
    ac_hash_function = UnicodeAttribute(null=True, attr_name="acHashFunction")
    ac_hash_value = UnicodeAttribute(null=True, attr_name="acHashValue")
    ac_tags = JSONAttribute(null=True, attr_name="acTags")
    ac_subtype = UnicodeAttribute(null=True, attr_name="acSubtype")
    managed_attributes = JSONAttribute(null=True, attr_name="managedAttributes")
    source_set = UnicodeAttribute(null=True, attr_name="sourceSet")
    ac_metadata_creator = UnicodeAttribute(null=True, attr_name="acMetadataCreator")
    dc_creator = UnicodeAttribute(null=True, attr_name="dcCreator")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = MomentAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    cascading = UnicodeAttribute(null=True)
    cascading_since = MomentAttribute(null=True, attr_name="cascadingSince")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()

    by_cascading = CascadingIndex()

    @classmethod
    def of(cls, metadata: Metadata) -> MetadataItem:
        """The item that stands for a record."""
        values = {name: getattr(metadata, name) for name in _METADATA_FIELDS}
        values["dc_type"] = metadata.dc_type.value
        values["ac_tags"] = list(metadata.ac_tags) or None
        values["managed_attributes"] = dict(metadata.managed_attributes) or None
        values["expires_at"] = epoch(metadata.expires_at)
        if metadata.cascading_since is not None:
            values["cascading"] = shard_of(metadata.identifier)
        return cls(bucket_key=bucket_key(metadata.bucket), **values, **_list_keys(metadata))

    def record(self) -> Metadata:
        """The record that this item stands for."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _METADATA_FIELDS}
        values["dc_type"] = DcType(self.dc_type)
        values["ac_tags"] = tuple(self.ac_tags or ())
        values["managed_attributes"] = dict(self.managed_attributes or {})
        values["expires_at"] = from_epoch(self.expires_at)
        values["version"] = int(self.version)
        if self.orientation is not None:
            values["orientation"] = int(self.orientation)
        return Metadata(**values)


_METADATA_FIELDS = tuple(Metadata.__dataclass_fields__)


class MetadataIndex(GlobalSecondaryIndex["DerivativeItem"]):
    """Derivatives by the metadata of the file that they were made from."""

    class Meta:
        index_name = "byMetadata"
        projection = AllProjection()

    ac_derived_from = UnicodeAttribute(hash_key=True, attr_name="acDerivedFrom")
    created_on = MomentAttribute(range_key=True, attr_name="createdOn")


class DerivativeItem(_Listed, Table):
    """A Derivative record in its table."""

    class Meta:
        table_name = settings.derivatives_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    file_identifier = UnicodeAttribute(attr_name="fileIdentifier")
    object_key = UnicodeAttribute(attr_name="objectKey")
    file_extension = UnicodeAttribute(attr_name="fileExtension")
    dc_type = UnicodeAttribute(attr_name="dcType")
    dc_format = UnicodeAttribute(attr_name="dcFormat")
    derivative_type = UnicodeAttribute(null=True, attr_name="derivativeType")
    ac_derived_from = UnicodeAttribute(attr_name="acDerivedFrom")
    publicly_releasable = BooleanAttribute(attr_name="publiclyReleasable")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = MomentAttribute(attr_name="createdOn")
    filename = UnicodeAttribute(null=True)
    ac_hash_function = UnicodeAttribute(null=True, attr_name="acHashFunction")
    ac_hash_value = UnicodeAttribute(null=True, attr_name="acHashValue")
    ac_tags = JSONAttribute(null=True, attr_name="acTags")
    not_publicly_releasable_reason = UnicodeAttribute(
        null=True, attr_name="notPubliclyReleasableReason"
    )
    source_set = UnicodeAttribute(null=True, attr_name="sourceSet")
    generated_from_derivative = UnicodeAttribute(null=True, attr_name="generatedFromDerivative")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = MomentAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()

    by_metadata = MetadataIndex()

    @classmethod
    def of(cls, derivative: Derivative) -> DerivativeItem:
        """The item that stands for a record."""
        values = {name: getattr(derivative, name) for name in _DERIVATIVE_FIELDS}
        values["dc_type"] = derivative.dc_type.value
        kind = derivative.derivative_type
        values["derivative_type"] = kind.value if kind else None
        values["ac_tags"] = list(derivative.ac_tags) or None
        values["expires_at"] = epoch(derivative.expires_at)
        return cls(bucket_key=bucket_key(derivative.bucket), **values, **_list_keys(derivative))

    def record(self) -> Derivative:
        """The record that this item stands for."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _DERIVATIVE_FIELDS}
        values["dc_type"] = DcType(self.dc_type)
        kind = self.derivative_type
        values["derivative_type"] = DerivativeType(kind) if kind else None
        values["ac_tags"] = tuple(self.ac_tags or ())
        values["expires_at"] = from_epoch(self.expires_at)
        values["version"] = int(self.version)
        return Derivative(**values)


_DERIVATIVE_FIELDS = tuple(Derivative.__dataclass_fields__)


class AuthorIndex(GlobalSecondaryIndex["SnapshotItem"]):
    """Snapshots by who made the change, and when."""

    class Meta:
        index_name = "byAuthor"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    commit_date_time = UnicodeAttribute(range_key=True, attr_name="commitDateTime")


class SnapshotItem(Table):
    """One version of a record in the audit table; its `state` as JSON text."""

    class Meta:
        table_name = settings.audit_table

    instance_id = UnicodeAttribute(hash_key=True, attr_name="instanceId")
    version = NumberAttribute(range_key=True)
    snapshot_type = UnicodeAttribute(attr_name="snapshotType")
    author = UnicodeAttribute()
    commit_date_time = UnicodeAttribute(attr_name="commitDateTime")
    changed_properties = JSONAttribute(attr_name="changedProperties")
    state = JSONAttribute()

    by_author = AuthorIndex()

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> SnapshotItem:
        """The item of a snapshot, whose members are called as the attributes are."""
        return cls(
            instance_id=snapshot["instanceId"],
            version=snapshot["version"],
            snapshot_type=snapshot["snapshotType"],
            author=snapshot["author"],
            commit_date_time=snapshot["commitDateTime"],
            changed_properties=snapshot["changedProperties"],
            state=snapshot["state"],
        )


def awaiting_key(reason: Awaiting, identifier: str, shard: int | None = None) -> str:
    """The partition of the awaiting index: the reason, and a shard taken from the identifier."""
    return f"{reason.value}#{shard_of(identifier) if shard is None else f'{shard:x}'}"


def shard_of(identifier: str) -> str:
    """The shard that a record is in, wherever there are shards: its identifier's last digit."""
    return identifier[-1].lower()


def epoch(moment: datetime | None) -> int | None:
    """A moment as DynamoDB's TTL takes it."""
    return int(moment.timestamp()) if moment else None


def from_epoch(seconds: float | None) -> datetime | None:
    """The moment that `epoch` wrote."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def item_of_image(kind: type[_Item], image: Mapping[str, Any]) -> _Item:
    """The item of a stream record's image, which is in DynamoDB's own JSON."""
    item = kind()
    item.from_dynamodb_dict(dict(image))
    return item

"""The items of the table of metadata and what they stand for, both ways."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import (
    GlobalSecondaryIndex,
    KeysOnlyProjection,
)

from coffer.adapters.dynamodb.attributes import MomentAttribute, epoch, from_epoch
from coffer.adapters.dynamodb.connection import Table
from coffer.adapters.dynamodb.list_keys import ListedByChange, list_keys
from coffer.domain.buckets import bucket_key
from coffer.domain.identifiers import shard_of
from coffer.domain.media_types import DcType
from coffer.domain.metadata.record import Metadata
from coffer.settings import table_settings


class CascadingIndex(GlobalSecondaryIndex["MetadataItem"]):
    """Tombstones whose derivatives may still be there, by since when: sparse, and in shards."""

    class Meta:
        index_name = "byCascading"
        projection = KeysOnlyProjection()

    cascading = UnicodeAttribute(hash_key=True)
    cascading_since = MomentAttribute(range_key=True, attr_name="cascadingSince")


class MetadataItem(ListedByChange, Table):
    """A Metadata record in its table."""

    class Meta:
        table_name = table_settings.metadata_table

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
        return cls(bucket_key=bucket_key(metadata.bucket), **values, **list_keys(metadata))

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

"""Items of the metadata table."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from coffer.adapters.dynamodb.attributes import (
    ChangeAttributes,
    ChoiceAttribute,
    IntegerAttribute,
    JsonAttribute,
    TextsAttribute,
    TimeAttribute,
    stored_record,
    stored_values,
)
from coffer.adapters.dynamodb.connection import Table
from coffer.adapters.dynamodb.list_keys import ListedByChange, list_keys
from coffer.domain.buckets import bucket_key
from coffer.domain.identifiers import shard_of
from coffer.domain.media_types import DcType
from coffer.domain.metadata.record import Metadata
from coffer.settings import table_settings


class CascadingIndex(GlobalSecondaryIndex["MetadataItem"]):
    """Sparse index: tombstones that may have undeleted derivatives, by the time of the deletion."""

    class Meta:
        index_name = "byCascading"
        projection = KeysOnlyProjection()

    cascading = UnicodeAttribute(hash_key=True)
    cascading_since = TimeAttribute(range_key=True, attr_name="cascadingSince")


class MetadataItem(ChangeAttributes, ListedByChange, Table):
    """A metadata record."""

    class Meta:
        table_name = table_settings.metadata_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    xmp_metadata_date = TimeAttribute(attr_name="xmpMetadataDate")
    dc_type = ChoiceAttribute(DcType, attr_name="dcType")
    dc_format = UnicodeAttribute(attr_name="dcFormat")
    publicly_releasable = BooleanAttribute(attr_name="publiclyReleasable")
    not_publicly_releasable_reason = UnicodeAttribute(
        null=True, attr_name="notPubliclyReleasableReason"
    )
    xmp_rights_web_statement = UnicodeAttribute(null=True, attr_name="xmpRightsWebStatement")
    dc_rights = UnicodeAttribute(null=True, attr_name="dcRights")
    xmp_rights_owner = UnicodeAttribute(null=True, attr_name="xmpRightsOwner")
    xmp_rights_usage_terms = UnicodeAttribute(null=True, attr_name="xmpRightsUsageTerms")
    file_identifier = UnicodeAttribute(null=True, attr_name="fileIdentifier")
    resource_external_url = UnicodeAttribute(null=True, attr_name="resourceExternalURL")
    original_filename = UnicodeAttribute(null=True, attr_name="originalFilename")
    filename = UnicodeAttribute(null=True)
    file_extension = UnicodeAttribute(null=True, attr_name="fileExtension")
    ac_caption = UnicodeAttribute(null=True, attr_name="acCaption")
    ac_digitization_date = TimeAttribute(null=True, attr_name="acDigitizationDate")
    orientation = IntegerAttribute(null=True)
    ac_hash_function = UnicodeAttribute(null=True, attr_name="acHashFunction")
    ac_hash_value = UnicodeAttribute(null=True, attr_name="acHashValue")
    ac_tags = TextsAttribute(null=True, attr_name="acTags")
    ac_subtype = UnicodeAttribute(null=True, attr_name="acSubtype")
    managed_attributes = JsonAttribute(null=True, attr_name="managedAttributes")
    source_set = UnicodeAttribute(null=True, attr_name="sourceSet")
    ac_metadata_creator = UnicodeAttribute(null=True, attr_name="acMetadataCreator")
    dc_creator = UnicodeAttribute(null=True, attr_name="dcCreator")
    cascading = UnicodeAttribute(null=True)
    cascading_since = TimeAttribute(null=True, attr_name="cascadingSince")
    latest_derivative = UnicodeAttribute(null=True, attr_name="latestDerivative")

    by_cascading = CascadingIndex()

    @classmethod
    def of(cls, metadata: Metadata) -> MetadataItem:
        """Return the item of a record."""
        values = stored_values(metadata)
        if metadata.cascading_since is not None:
            values["cascading"] = shard_of(metadata.identifier)
        return cls(bucket_key=bucket_key(metadata.bucket), **values, **list_keys(metadata))

    def record(self) -> Metadata:
        """Return the record of the item."""
        return stored_record(self, Metadata)

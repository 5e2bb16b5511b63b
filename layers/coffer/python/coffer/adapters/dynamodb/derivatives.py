"""Items of the derivatives table."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from coffer.adapters.dynamodb.attributes import (
    ChangeAttributes,
    ChoiceAttribute,
    TextsAttribute,
    TimeAttribute,
    stored_record,
    stored_values,
)
from coffer.adapters.dynamodb.connection import Table
from coffer.adapters.dynamodb.list_keys import Listed, list_keys
from coffer.domain.buckets import bucket_key
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.media_types import DcType
from coffer.settings import table_settings


class MetadataIndex(GlobalSecondaryIndex["DerivativeItem"]):
    """Derivatives by the metadata of their source file."""

    class Meta:
        index_name = "byMetadata"
        projection = AllProjection()

    ac_derived_from = UnicodeAttribute(hash_key=True, attr_name="acDerivedFrom")
    created_on = TimeAttribute(range_key=True, attr_name="createdOn")


class DerivativeItem(ChangeAttributes, Listed, Table):
    """A derivative record."""

    class Meta:
        table_name = table_settings.derivatives_table

    identifier = UnicodeAttribute(hash_key=True, attr_name="id")
    bucket = UnicodeAttribute()
    bucket_key = UnicodeAttribute(attr_name="bucketKey")
    file_identifier = UnicodeAttribute(attr_name="fileIdentifier")
    object_key = UnicodeAttribute(attr_name="objectKey")
    file_extension = UnicodeAttribute(attr_name="fileExtension")
    dc_type = ChoiceAttribute(DcType, attr_name="dcType")
    dc_format = UnicodeAttribute(attr_name="dcFormat")
    derivative_type = ChoiceAttribute(DerivativeType, null=True, attr_name="derivativeType")
    ac_derived_from = UnicodeAttribute(attr_name="acDerivedFrom")
    publicly_releasable = BooleanAttribute(attr_name="publiclyReleasable")
    filename = UnicodeAttribute(null=True)
    ac_hash_function = UnicodeAttribute(null=True, attr_name="acHashFunction")
    ac_hash_value = UnicodeAttribute(null=True, attr_name="acHashValue")
    ac_tags = TextsAttribute(null=True, attr_name="acTags")
    not_publicly_releasable_reason = UnicodeAttribute(
        null=True, attr_name="notPubliclyReleasableReason"
    )
    source_set = UnicodeAttribute(null=True, attr_name="sourceSet")
    generated_from_derivative = UnicodeAttribute(null=True, attr_name="generatedFromDerivative")

    by_metadata = MetadataIndex()

    @classmethod
    def of(cls, derivative: Derivative) -> DerivativeItem:
        """Return the item of a record."""
        values = stored_values(derivative)
        return cls(bucket_key=bucket_key(derivative.bucket), **values, **list_keys(derivative))

    def record(self) -> Derivative:
        """Return the record of the item."""
        return stored_record(self, Derivative)

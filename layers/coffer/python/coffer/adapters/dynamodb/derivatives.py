"""The items of the table of derivatives and what they stand for, both ways."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
)

from coffer.adapters.dynamodb.attributes import MomentAttribute, epoch, from_epoch
from coffer.adapters.dynamodb.connection import Table
from coffer.adapters.dynamodb.list_keys import Listed, list_keys
from coffer.domain.buckets import bucket_key
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.media_types import DcType
from coffer.settings import table_settings


class MetadataIndex(GlobalSecondaryIndex["DerivativeItem"]):
    """Derivatives by the metadata of the file that they were made from."""

    class Meta:
        index_name = "byMetadata"
        projection = AllProjection()

    ac_derived_from = UnicodeAttribute(hash_key=True, attr_name="acDerivedFrom")
    created_on = MomentAttribute(range_key=True, attr_name="createdOn")


class DerivativeItem(Listed, Table):
    """A Derivative record in its table."""

    class Meta:
        table_name = table_settings.derivatives_table

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
        return cls(bucket_key=bucket_key(derivative.bucket), **values, **list_keys(derivative))

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

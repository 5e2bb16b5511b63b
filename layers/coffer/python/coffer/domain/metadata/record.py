"""The metadata record, which describes a stored file or an external resource.

Names come from Dublin Core, Darwin Core and Audubon Core, as object-store-api 1.31 uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from coffer.domain.media_types import DcType


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """Description of one stored file or external resource. Times are aware UTC."""

    identifier: str
    bucket: str
    created_by: str
    created_on: datetime
    xmp_metadata_date: datetime
    dc_type: DcType
    dc_format: str
    publicly_releasable: bool
    xmp_rights_web_statement: str | None = None
    dc_rights: str | None = None
    xmp_rights_owner: str | None = None
    xmp_rights_usage_terms: str | None = None
    file_identifier: str | None = None
    resource_external_url: str | None = None
    original_filename: str | None = None
    filename: str | None = None
    file_extension: str | None = None
    ac_caption: str | None = None
    ac_digitization_date: datetime | None = None
    orientation: int | None = None
    ac_hash_function: str | None = None
    ac_hash_value: str | None = None
    ac_tags: tuple[str, ...] = ()
    not_publicly_releasable_reason: str | None = None
    ac_subtype: str | None = None
    managed_attributes: Mapping[str, str] = field(default_factory=dict)
    source_set: str | None = None
    ac_metadata_creator: str | None = None
    dc_creator: str | None = None
    changed_by: str | None = None
    """User who wrote this version; None if `created_by` did."""
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    cascading_since: datetime | None = None
    """Time of the deletion, as long as the record may have derivatives that are not deleted."""
    expires_at: datetime | None = None
    latest_derivative: str | None = None
    """The derivative of an external resource that was added last. The index may lack it."""
    version: int = 1

    @property
    def instance_id(self) -> str:
        """`metadata/<id>`."""
        return f"metadata/{self.identifier}"


def default_release(dc_type: DcType) -> tuple[bool, str | None]:
    """Return whether records of this kind are public by default, and the reason if they are not."""
    if dc_type is DcType.IMAGE:
        return True, None
    return False, f"default based on Type : {dc_type.label}"

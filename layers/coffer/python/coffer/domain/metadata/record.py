"""Metadata: the record that describes a file (or something outside), and its defaults.

Names, lengths, defaults and messages are the reference's (object-store-api 1.31:
ObjectStoreMetadata, its default value setter and its validator); the vocabulary is Dublin Core's,
Darwin Core's and Audubon Core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from coffer.domain.media_types import DcType

DEFAULTS: Mapping[str, str] = {
    # The values that the reference ships as its configuration, by attribute.
    "xmp_rights_web_statement": "https://open.canada.ca/en/open-government-licence-canada",
    "dc_rights": (
        "© His Majesty The King in Right of Canada, as represented by the Minister of Agriculture "
        "and Agri-Food | © Sa Majesté le Roi du chef du Canada, représentée par le ministre de "
        "l'Agriculture et de l'Agroalimentaire"
    ),
    "xmp_rights_owner": "Government of Canada",
    "xmp_rights_usage_terms": "Government of Canada Usage Term",
}


@dataclass(frozen=True, kw_only=True)
class NewMetadata:
    """What a caller sent to describe a file; None where an attribute was not given."""

    bucket: str | None = None
    file_identifier: str | None = None
    resource_external_url: str | None = None
    filename: str | None = None
    dc_format: str | None = None
    dc_type: DcType | None = None
    ac_caption: str | None = None
    ac_digitization_date: datetime | None = None
    xmp_rights_web_statement: str | None = None
    dc_rights: str | None = None
    xmp_rights_owner: str | None = None
    xmp_rights_usage_terms: str | None = None
    orientation: int | None = None
    ac_tags: tuple[str, ...] = ()
    publicly_releasable: bool | None = None
    not_publicly_releasable_reason: str | None = None
    ac_subtype: str | None = None
    managed_attributes: Mapping[str, str] = field(default_factory=dict)
    source_set: str | None = None
    ac_metadata_creator: str | None = None
    dc_creator: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The description of one file, or of one external resource. Times are aware UTC."""

    identifier: str
    bucket: str
    created_by: str
    created_on: datetime
    xmp_metadata_date: datetime
    dc_type: DcType
    dc_format: str
    publicly_releasable: bool
    xmp_rights_web_statement: str
    dc_rights: str
    xmp_rights_owner: str
    xmp_rights_usage_terms: str
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
    """Who made this version; None: whoever created the record."""
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    cascading_since: datetime | None = None
    """Of a tombstone whose derivatives have not been seen to be gone yet."""
    expires_at: datetime | None = None
    version: int = 1

    @property
    def instance_id(self) -> str:
        """`metadata/<id>`."""
        return f"metadata/{self.identifier}"


def default_release(dc_type: DcType) -> tuple[bool, str | None]:
    """Whether a record of this kind is public unless its author says, and the reason if not."""
    if dc_type is DcType.IMAGE:
        return True, None
    return False, f"default based on Type : {dc_type.label}"

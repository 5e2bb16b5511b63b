"""Metadata at the edge: the attributes a caller may send, each with its shape, and the answer.

Attributes that the server sets (`originalFilename`, `acHashValue`, …) are accepted and ignored, as
the reference does; unknown ones are refused. All problems of a document are told at once.
"""

from __future__ import annotations

from typing import Any

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.attributes import metadata_attributes
from coffer.domain.metadata.record import Metadata, NewMetadata
from coffer.http import field_types as shape
from coffer.http.documents import ResourceDocument, resource
from coffer.http.field_types import Attributes, read_attributes
from coffer.http.relationships import (
    Relationships,
    present_relationships,
    read_relationships,
)

TYPE = "metadata"
PERSONS: Relationships = {
    "acMetadataCreator": ("ac_metadata_creator", "person"),
    "dcCreator": ("dc_creator", "person"),
}
READ_ONLY = frozenset({"derivatives"})
"""Follows from the derivatives themselves: whatever is sent is passed over, as in the reference."""


ATTRIBUTES: Attributes = (
    ("bucket", "bucket", shape.plain_text),
    ("fileIdentifier", "file_identifier", shape.identifier),
    ("resourceExternalURL", "resource_external_url", shape.url),
    ("filename", "filename", shape.plain_text),
    ("dcFormat", "dc_format", shape.plain_text),
    ("dcType", "dc_type", shape.dc_type),
    ("acCaption", "ac_caption", shape.plain_text),
    ("acDigitizationDate", "ac_digitization_date", shape.moment),
    ("xmpRightsWebStatement", "xmp_rights_web_statement", shape.plain_text),
    ("dcRights", "dc_rights", shape.plain_text),
    ("xmpRightsOwner", "xmp_rights_owner", shape.plain_text),
    ("xmpRightsUsageTerms", "xmp_rights_usage_terms", shape.plain_text),
    ("orientation", "orientation", shape.whole_number),
    ("acTags", "ac_tags", shape.texts),
    ("publiclyReleasable", "publicly_releasable", shape.flag),
    ("notPubliclyReleasableReason", "not_publicly_releasable_reason", shape.plain_text),
    ("acSubtype", "ac_subtype", shape.plain_text),
    ("managedAttributes", "managed_attributes", shape.text_map),
    ("sourceSet", "source_set", shape.plain_text),
)
SET_BY_THE_SERVER = frozenset(
    {
        "createdBy",
        "createdOn",
        "group",
        "originalFilename",
        "fileExtension",
        "xmpMetadataDate",
        "acHashFunction",
        "acHashValue",
    }
)


def new_metadata(document: ResourceDocument) -> NewMetadata:
    """The metadata that a document describes; MalformedRequestError with every problem of shape."""
    return NewMetadata(**_read(document, clears=False))


def metadata_changes(document: ResourceDocument) -> dict[str, Any]:
    """What a document changes, by the names of the domain; None clears."""
    return _read(document, clears=True)


def present_metadata(metadata: Metadata) -> dict[str, Any]:
    """The metadata resource; its external relationships are shown where they are set."""
    return resource(
        TYPE,
        metadata.identifier,
        metadata_attributes(metadata),
        relationships=present_relationships(metadata, PERSONS),
    )


def _read(document: ResourceDocument, *, clears: bool) -> dict[str, Any]:
    problems: list[Problem] = []
    values = read_attributes(
        TYPE,
        document.attributes,
        ATTRIBUTES,
        problems,
        passed_over=SET_BY_THE_SERVER,
        clears=clears,
    )
    values |= read_relationships(
        document.relationships, PERSONS, problems, passed_over=READ_ONLY, clears=clears
    )
    if problems:
        raise MalformedRequestError.of(problems)
    return values

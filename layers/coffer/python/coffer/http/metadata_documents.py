"""Metadata at the edge: the attributes a caller may send, each with its shape, and the answer.

Attributes that the server sets (`originalFilename`, `acHashValue`, …) are accepted and ignored, as
the reference does; unknown ones are refused. All problems of a document are told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.attributes import metadata_attributes
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.identifiers import is_identifier
from coffer.domain.metadata import Metadata, NewMetadata
from coffer.http import attribute_shapes as shape
from coffer.http.attribute_shapes import Attributes, read_attributes
from coffer.http.documents import pointer_to, read_resource, resource
from coffer.http.requests import Request

TYPE = "metadata"
_PERSONS = {"acMetadataCreator": "ac_metadata_creator", "dcCreator": "dc_creator"}


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


def read_new_metadata(request: Request) -> NewMetadata:
    """The metadata that the body describes; MalformedRequestError with every problem of shape."""
    document = read_resource(request, TYPE)
    problems: list[Problem] = []
    values = read_attributes(
        TYPE, document.attributes, ATTRIBUTES, problems, passed_over=SET_BY_THE_SERVER
    )
    values |= _read_persons(document.relationships, problems)
    if problems:
        raise MalformedRequestError.of(problems)
    return NewMetadata(**values)


def present_metadata(metadata: Metadata) -> dict[str, Any]:
    """The metadata resource; its external relationships are shown where they are set."""
    persons = {
        name: {"data": {"id": identifier, "type": "person"}}
        for name, field in _PERSONS.items()
        if (identifier := getattr(metadata, field)) is not None
    }
    return resource(TYPE, metadata.identifier, metadata_attributes(metadata), relationships=persons)


def _read_persons(relationships: Mapping[str, Any], problems: list[Problem]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, relationship in relationships.items():
        where = pointer_to("/data/relationships", name)
        if name not in _PERSONS:
            problems.append(
                Problem(
                    "unknown_relationship", f"Unknown relationship [{name[:60]}]", pointer=where
                )
            )
            continue
        data = relationship.get("data") if isinstance(relationship, dict) else {}
        if data is None:
            continue
        identifier = data.get("id") if isinstance(data, dict) else None
        if (
            not isinstance(data, dict)
            or data.get("type") != "person"
            or not is_identifier(identifier)
        ):
            detail = f'{name} takes {{"data": {{"type": "person", "id": <uuid>}}}}.'
            problems.append(Problem("malformed_relationship", detail, pointer=where))
            continue
        values[_PERSONS[name]] = str(identifier).lower()
    return values

"""Metadata at the edge: the attributes a caller may send, each with its shape, and the answer.

Attributes that the server sets (`originalFilename`, `acHashValue`, …) are accepted and ignored, as
the reference does; unknown ones are refused. All problems of a document are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from coffer.domain.attributes import metadata_attributes
from coffer.domain.clock import from_text
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.identifiers import is_identifier
from coffer.domain.media_types import DcType
from coffer.domain.metadata import Metadata, NewMetadata
from coffer.domain.text_safety import carries_markup
from coffer.http.documents import pointer_to, read_resource, resource
from coffer.http.requests import Request

TYPE = "metadata"
# Of those that the reference takes (java.net.URL), the ones that name a host. A page may link to
# them: nothing that runs in it, such as `javascript:`, may be among them.
_URL_SCHEMES = frozenset({"http", "https", "ftp"})
_PERSONS = {"acMetadataCreator": "ac_metadata_creator", "dcCreator": "dc_creator"}


class _ShapeError(ValueError):
    """A value that is not of its attribute's shape; the message continues the attribute's name."""


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise _ShapeError("must be text")
    if carries_markup(value):
        raise _ShapeError("holds markup: Unaccepted value detected in attributes")
    return value.strip() or None


def _identifier(value: Any) -> str:
    if not is_identifier(value):
        raise _ShapeError("must be a UUID")
    return str(value).lower()


def _url(value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise _ShapeError("must be an absolute URL") from error
    if parts.scheme not in _URL_SCHEMES or not parts.netloc:
        raise _ShapeError("must be an absolute URL")
    return text


def _moment(value: Any) -> datetime:
    try:
        return from_text(str(value))
    except (ValueError, OverflowError) as error:
        raise _ShapeError("must be an ISO 8601 date and time with its offset") from error


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _ShapeError("must be a whole number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _ShapeError("must be true or false")
    return value


def _dc_type(value: Any) -> DcType:
    kind = DcType.parse(value) if isinstance(value, str) else None
    if kind is None:
        raise _ShapeError(f"{str(value)[:60]!r} is not a valid dc type")
    return kind


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _ShapeError("must be a list of texts")
    return tuple(text for text in map(_text, value) if text)


def _text_map(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _ShapeError("must be an object of texts")
    return {key.strip(): item.strip() for key, item in value.items()}


# Name in the document, name in the domain, shape.
_ATTRIBUTES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("bucket", "bucket", _text),
    ("fileIdentifier", "file_identifier", _identifier),
    ("resourceExternalURL", "resource_external_url", _url),
    ("filename", "filename", _text),
    ("dcFormat", "dc_format", _text),
    ("dcType", "dc_type", _dc_type),
    ("acCaption", "ac_caption", _text),
    ("acDigitizationDate", "ac_digitization_date", _moment),
    ("xmpRightsWebStatement", "xmp_rights_web_statement", _text),
    ("dcRights", "dc_rights", _text),
    ("xmpRightsOwner", "xmp_rights_owner", _text),
    ("xmpRightsUsageTerms", "xmp_rights_usage_terms", _text),
    ("orientation", "orientation", _number),
    ("acTags", "ac_tags", _texts),
    ("publiclyReleasable", "publicly_releasable", _flag),
    ("notPubliclyReleasableReason", "not_publicly_releasable_reason", _text),
    ("acSubtype", "ac_subtype", _text),
    ("managedAttributes", "managed_attributes", _text_map),
    ("sourceSet", "source_set", _text),
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
    values = _read_attributes(document.attributes, problems)
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


def _read_attributes(attributes: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    shapes = {name: (field, shape) for name, field, shape in _ATTRIBUTES}
    for name, value in attributes.items():
        if name in SET_BY_THE_SERVER or (name in shapes and value is None):
            continue
        where = pointer_to("/data/attributes", name)
        if name not in shapes:
            detail = f"metadata has no attribute {name[:60]!r}."
            problems.append(Problem("unknown_attribute", detail, pointer=where))
            continue
        field, shape = shapes[name]
        try:
            values[field] = shape(value)
        except _ShapeError as error:
            problems.append(Problem("malformed_attribute", f"{name}: {error}.", pointer=where))
    return values


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

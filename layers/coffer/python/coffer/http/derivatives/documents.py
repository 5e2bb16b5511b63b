"""Derivatives at the edge: the attributes a caller may send, with their shapes, and the answer."""

from __future__ import annotations

from typing import Any

from coffer.domain.derivatives.create import NewDerivative
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.attributes import derivative_attributes
from coffer.http import field_types as shape
from coffer.http.documents import ResourceDocument, resource
from coffer.http.field_types import Attributes, ShapeError, read_attributes
from coffer.http.relationships import (
    Relationships,
    read_relationships,
)

TYPE = "derivative"
RELATIONSHIPS: Relationships = {
    "acDerivedFrom": ("ac_derived_from", "metadata"),
    "generatedFromDerivative": ("generated_from_derivative", "derivative"),
}
SET_BY_THE_SERVER = frozenset(
    {"createdBy", "createdOn", "group", "fileExtension", "acHashFunction", "acHashValue"}
)


def derivative_type(value: Any) -> DerivativeType:
    """What a derivative is for."""
    if isinstance(value, str) and value in DerivativeType.__members__:
        return DerivativeType(value)
    raise ShapeError(f"must be one of {', '.join(DerivativeType)}")


ATTRIBUTES: Attributes = (
    ("bucket", "bucket", shape.plain_text),
    ("fileIdentifier", "file_identifier", shape.identifier),
    ("filename", "filename", shape.plain_text),
    ("dcType", "dc_type", shape.dc_type),
    ("dcFormat", "dc_format", shape.plain_text),
    ("derivativeType", "derivative_type", derivative_type),
    ("publiclyReleasable", "publicly_releasable", shape.flag),
    ("notPubliclyReleasableReason", "not_publicly_releasable_reason", shape.plain_text),
    ("acTags", "ac_tags", shape.texts),
    ("sourceSet", "source_set", shape.plain_text),
)


def new_derivative(document: ResourceDocument) -> NewDerivative:
    """The derivative that a document describes; its bucket is its file's, whatever is sent."""
    values = _read(document, clears=False)
    values.pop("bucket", None)
    return NewDerivative(**values)


def derivative_changes(document: ResourceDocument) -> dict[str, Any]:
    """What a document changes, by the names of the domain; None clears."""
    return _read(document, clears=True)


def present_derivative(derivative: Derivative) -> dict[str, Any]:
    """The derivative resource."""
    return resource(TYPE, derivative.identifier, derivative_attributes(derivative))


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
    values |= read_relationships(document.relationships, RELATIONSHIPS, problems, clears=clears)
    if problems:
        raise MalformedRequestError.of(problems)
    return values

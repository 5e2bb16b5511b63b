"""Generations of derivatives at the edge: what is to be made of what, and what came of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.thumbnails.regenerate import GenerationRequest
from coffer.http import field_types as shape
from coffer.http.documents import API_ROOT, read_resource, resource
from coffer.http.field_types import Attributes, ShapeError, read_attributes
from coffer.http.requests import Request
from coffer.http.responses import Response

TYPE = "derivative-generation"


def _derivative_type(value: Any) -> DerivativeType:
    if not isinstance(value, str) or value not in DerivativeType.__members__:
        raise ShapeError(f"must be one of {', '.join(DerivativeType)}")
    return DerivativeType(value)


ATTRIBUTES: Attributes = (
    ("metadataUuid", "metadata_uuid", shape.identifier),
    ("derivativeType", "derivative_type", _derivative_type),
    ("derivedFromType", "derived_from_type", _derivative_type),
)
_NEEDED = ("metadataUuid", "derivativeType")


def read_generation(request: Request) -> GenerationRequest:
    """What the body asks for; MalformedRequestError with everything that is wrong."""
    problems: list[Problem] = []
    attributes = read_resource(request, TYPE).attributes
    values = read_attributes(TYPE, attributes, ATTRIBUTES, problems)
    for name in _NEEDED:
        if attributes.get(name) is None:
            detail = f"{name}: must be given."
            pointer = f"/data/attributes/{name}"
            problems.append(Problem("malformed_attribute", detail, pointer=pointer))
    if problems:
        raise MalformedRequestError.of(problems)
    return GenerationRequest(**values)


def generation_response(
    request: Request, wanted: GenerationRequest, thumbnail: Derivative
) -> Response:
    """201 with the request under the id of the thumbnail's record, which Location leads to."""
    origin = wanted.derived_from_type
    attributes = {
        "metadataUuid": wanted.metadata_uuid,
        "derivativeType": wanted.derivative_type.value,
        "derivedFromType": origin.value if origin else None,
    }
    url = f"{request.base_url}{API_ROOT}/derivative/{thumbnail.identifier}"
    return Response.of_json(
        {"data": resource(TYPE, thumbnail.identifier, attributes), "links": {"self": url}},
        status=HTTPStatus.CREATED,
        headers={"Location": url},
    )

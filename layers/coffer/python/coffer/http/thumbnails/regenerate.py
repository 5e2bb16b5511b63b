"""The request for a thumbnail, and the response to it."""

from __future__ import annotations

from http import HTTPStatus

from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.fields import ATTRIBUTES, Field, FieldType, RecordFields
from coffer.domain.thumbnails.regenerate import GenerationRequest
from coffer.http.documents import API_ROOT, read_resource, resource
from coffer.http.fields import parse_new
from coffer.http.requests import Request
from coffer.http.responses import Response

GENERATION_FIELDS = RecordFields(
    "derivative-generation",
    (
        Field(
            "metadataUuid",
            "metadata_uuid",
            FieldType.IDENTIFIER,
            writable=True,
            required=True,
            doc="Id of the metadata whose file the thumbnail is for.",
        ),
        Field(
            "derivativeType",
            "derivative_type",
            FieldType.CHOICE,
            writable=True,
            required=True,
            choices=DerivativeType,
            doc="Type of the derivative to make. Only THUMBNAIL_IMAGE is possible.",
        ),
        Field(
            "derivedFromType",
            "derived_from_type",
            FieldType.CHOICE,
            writable=True,
            nullable=True,
            choices=DerivativeType,
            doc="Type of the derivative to make it from. Default: the main file.",
        ),
    ),
    ignores_relationships=True,
)


def parse_generation(request: Request) -> GenerationRequest:
    """Return the request; raise `MalformedRequestError` with every problem."""
    document = read_resource(request, GENERATION_FIELDS.type)
    missing = [
        Problem(
            "malformed_attribute",
            f"{field.name}: must be given.",
            pointer=f"{ATTRIBUTES}/{field.name}",
        )
        for field in GENERATION_FIELDS.attributes
        if field.required and document.attributes.get(field.name) is None
    ]
    values = parse_new(document, GENERATION_FIELDS)
    if problems := [*values.problems, *missing]:
        raise MalformedRequestError.of(problems)
    return GenerationRequest(**values)


def generation_response(
    request: Request, wanted: GenerationRequest, thumbnail: Derivative
) -> Response:
    """Return the request as a resource with the id of the thumbnail's derivative record."""
    data = resource(GENERATION_FIELDS.type, thumbnail.identifier, GENERATION_FIELDS.present(wanted))
    url = f"{request.base_url}{API_ROOT}/derivative/{thumbnail.identifier}"
    return Response.of_json(
        {"data": data, "links": {"self": url}},
        status=HTTPStatus.CREATED,
        headers={"Location": url},
    )

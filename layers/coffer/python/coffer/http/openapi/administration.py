"""What administrators ask for: thumbnails, and that the index hears of metadata once more."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.derivatives.record import DerivativeType
from coffer.http.changes.index_refresh import DOC_TYPES
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    IDEMPOTENT,
    IDENTIFIER,
    IN_GROUP,
    JSON_BODY,
    NEGOTIATED,
    RECORDS,
    STORE,
    together,
)
from coffer.http.openapi.operation import (
    JSON_API_BODY,
    Access,
    Body,
    Operation,
    Success,
    Tag,
)
from coffer.http.openapi.schemas import Members, identifier, nullable, one_of, text, thing, url
from coffer.http.responses import JSON_API

_PASSED_OVER: Members = {
    name: {"description": "Passed over."} for name in ("lid", "links", "meta", "relationships")
}

_GENERATION: Members = {
    "metadataUuid": identifier("The id of the metadata whose file the thumbnail is for."),
    "derivativeType": one_of(
        DerivativeType, "What is to be made. Only THUMBNAIL_IMAGE can be: anything else is a 422."
    ),
    "derivedFromType": nullable(
        one_of(DerivativeType, "Of which derivative of that file; of the file itself without it.")
    ),
}

SCHEMAS: Members = {
    "DerivativeGenerationDocument": thing(
        {
            "data": thing(
                {
                    "type": text("What is asked for.", const="derivative-generation"),
                    "id": {"description": "Passed over."},
                    "attributes": thing(
                        _GENERATION,
                        "What is to be made of what.",
                        required=("metadataUuid", "derivativeType"),
                        closed=True,
                    ),
                    **_PASSED_OVER,
                },
                "The request.",
                required=("type", "attributes"),
                closed=True,
            )
        },
        "A JSON:API document that asks for a thumbnail.",
    ),
    "MadeDerivativeDocument": thing(
        {
            "data": thing(
                {
                    "id": identifier("The id of the thumbnail's derivative record."),
                    "type": text("What was asked for.", const="derivative-generation"),
                    "attributes": thing(_GENERATION, "What was asked for."),
                },
                "The request, and what it leads to.",
            ),
            "links": thing({"self": url("The thumbnail's record.")}, "Where it is."),
        },
        "A thumbnail that is there, or on its way.",
    ),
    "IndexRefreshDocument": thing(
        {
            "data": thing(
                {
                    "type": text("What is asked for.", const="index-refresh"),
                    "id": nullable(identifier("Which record to tell of; all of them without it.")),
                    "attributes": thing(
                        {"docType": one_of(DOC_TYPES, "The type of the records.")},
                        "What to tell of.",
                        closed=True,
                    ),
                    **_PASSED_OVER,
                },
                "The refresh.",
                required=("type", "attributes"),
                closed=True,
            )
        },
        "A JSON:API document that asks for a refresh.",
    ),
}


def _refresh(identifier_: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.SERVICE,
        access=Access.BEARER,
        summary="Tell whoever indexes of metadata once more",
        description=(
            "Of one record, or of all: then page by page, in the background. Each record comes as "
            "a DocumentOperationNotification with the operation UPDATE. Needs the role DINA_ADMIN "
            "in the realm."
        ),
        body=Body(schema="IndexRefreshDocument", media_types=JSON_API_BODY),
        successes={202: Success(description="It is going to be told.")},
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, IDENTIFIER, JSON_BODY, RECORDS,
            {400: ("unknown_member", "unknown_attribute", "malformed_attribute", "more_problems")},
            {404: ("metadata_not_found",), 409: ("type_conflict",), 410: ("metadata_deleted",)},
        ),
    )  # fmt: skip


def _generation(identifier_: str) -> Operation:
    return Operation(
        identifier=identifier_,
        tag=Tag.SERVICE,
        access=Access.BEARER,
        summary="Have a thumbnail made that is missing",
        description=(
            "Of the file itself, or of a derivative of the type that is named, where none can be "
            "made of the file. A thumbnail that is there stays as it is. Needs the role "
            "DINA_ADMIN in the realm."
        ),
        parameters=("idempotencyKey",),
        body=Body(schema="DerivativeGenerationDocument", media_types=JSON_API_BODY),
        successes={
            201: Success(
                description="It is there, or on its way.",
                content={JSON_API: "MadeDerivativeDocument"},
                headers=("Location",),
            )
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, RECORDS, STORE, IDEMPOTENT,
            {400: ("unknown_member", "unknown_attribute", "malformed_attribute", "more_problems")},
            {404: ("metadata_not_found",), 409: ("type_conflict",), 410: ("metadata_deleted",)},
            {422: ("only_thumbnails", "source_derivative_not_found", "source_file_not_found",
                   "thumbnail_unsupported")},
            {503: ("records_busy",)},
        ),
    )  # fmt: skip


ADMINISTRATION: Mapping[str, Operation] = {
    "POST /api/v1/derivative-generation": _generation("generateDerivative"),
    "POST /derivative-generation": _generation("generateDerivativeAtRoot"),
    "POST /api/v1/index-refresh": _refresh("refreshIndex"),
    "POST /index-refresh": _refresh("refreshIndexAtRoot"),
}

"""What administrators ask for: that the index hears of metadata once more."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    IDENTIFIER,
    IN_GROUP,
    JSON_BODY,
    NEGOTIATED,
    RECORDS,
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
from coffer.http.openapi.shapes import Members, identifier, nullable, one_of, text, thing
from coffer.http.refresh_documents import DOC_TYPES

_PASSED_OVER: Members = {
    name: {"description": "Passed over."} for name in ("lid", "links", "meta", "relationships")
}

SCHEMAS: Members = {
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


ADMINISTRATION: Mapping[str, Operation] = {
    "POST /api/v1/index-refresh": _refresh("refreshIndex"),
    "POST /index-refresh": _refresh("refreshIndexAtRoot"),
}

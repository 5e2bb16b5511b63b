"""The routes that take many records at once."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.listing.index_keys import Kind
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    BULK,
    IN_GROUP,
    JSON_BODY,
    NEGOTIATED,
    RECORDS,
    SHAPES,
    WRITTEN,
    Refusals,
    together,
)
from coffer.http.openapi.lists import NAMES
from coffer.http.openapi.operation import JSON_API_BODY, Access, Body, Operation, Success, Tag
from coffer.http.openapi.reading import VIEW, view_parameters
from coffer.http.responses import JSON_API

_NOTE = (
    "Everything is checked before the first record is written. Up to 30 are written all or none; "
    "more thirty at a time: where one loses a race by then, the answer is 409, and `meta` says by "
    "number what was written and what was not."
)


def in_bulk(
    identifier: str, summary: str, schema: str, answer: str, refusals: Refusals
) -> Operation:
    """Records that are created or changed; `refusals` are those of a single one."""
    return Operation(
        identifier=identifier,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=summary,
        description=_NOTE,
        parameters=("idempotencyKey",) if identifier.startswith("create") else (),
        body=Body(schema=schema, media_types=JSON_API_BODY),
        successes={
            200: Success(description="The records, in their order.", content={JSON_API: answer})
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, RECORDS, SHAPES, WRITTEN, BULK,
            refusals,
        ),
    )  # fmt: skip


def _load(kind: Kind, identifier: str, schema: str, what: str, codes: Refusals) -> Operation:
    name = NAMES[kind]
    return Operation(
        identifier=identifier,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=f"Get many {what} by their ids",
        description="All of them, in the order of their ids, or none where one cannot be had.",
        parameters=view_parameters(kind),
        body=Body(schema=schema, media_types=JSON_API_BODY),
        successes={
            200: Success(description="The records.", content={JSON_API: f"{name}Loaded"})
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, RECORDS, VIEW, BULK,
            {400: ("unknown_member",), 409: ("type_conflict",)}, codes,
        ),
    )  # fmt: skip


LOADING: Mapping[str, Operation] = {
    "POST /api/v1/metadata/bulk-load": _load(
        Kind.METADATA, "loadMetadata", "NamedMetadata", "descriptions",
        {404: ("metadata_not_found",), 410: ("metadata_deleted",)},
    ),
    "POST /api/v1/derivative/bulk-load": _load(
        Kind.DERIVATIVE, "loadDerivatives", "NamedDerivatives", "derivatives",
        {404: ("derivative_not_found",), 410: ("derivative_deleted",)},
    ),
    "POST /api/v1/object-upload/bulk-load": _load(
        Kind.OBJECT_UPLOAD, "loadObjectUploads", "NamedObjectUploads", "records of files",
        {404: ("upload_not_found",), 410: ("upload_deleted",)},
    ),
}  # fmt: skip

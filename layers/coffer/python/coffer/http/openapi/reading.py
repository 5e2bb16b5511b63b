"""The routes that read records: lists of each kind, and one record at a time."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.listing.fields import FIELDS
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.query_plan import MAX_BUCKETS
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    IDENTIFIER,
    IN_GROUP,
    NEGOTIATED,
    RECORDS,
    Refusals,
    together,
)
from coffer.http.openapi.lists import NAMES
from coffer.http.openapi.operation import Access, Operation, Success, Tag
from coffer.http.responses import JSON_API

VIEW: Refusals = {
    400: ("malformed_parameter", "unknown_attribute", "unknown_relationship", "more_problems")
}
_QUERY: Refusals = {400: (*VIEW[400], "malformed_cursor", "too_many_buckets")}


def view_parameters(kind: Kind) -> tuple[str, ...]:
    """The parameters that say what to show of records of this kind."""
    name = NAMES[kind]
    includes = (f"include{name}",) if FIELDS[kind].relationships else ()
    return (*includes, f"fields{name}")


def _list(kind: Kind, identifier: str, what: str, who: str) -> Operation:
    name = NAMES[kind]
    return Operation(
        identifier=identifier,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=f"List {what}",
        description=(
            f"{who} Without filter[bucket], a caller may be in {MAX_BUCKETS} groups at most. "
            "Whoever administers the realm is shown everything. A page that has looked at 5,000 "
            "records, or for 5 seconds, ends there: links.next goes on, and nothing is left out. "
            "The total is counted along with the change stream, a moment behind."
        ),
        parameters=(
            f"filter{name}", "fiql", f"sort{name}", "limit", "cursor", "offset",
            *view_parameters(kind),
        ),
        successes={
            200: Success(description="A page of them.", content={JSON_API: f"{name}Page"})
        },
        refusals=together(ALWAYS, BEARER, NEGOTIATED, RECORDS, _QUERY),
    )  # fmt: skip


def _one(
    kind: Kind, identifier: str, parameter: str, summary: str, description: str, codes: Refusals
) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=summary,
        description=(
            f"{description} With `include`, If-None-Match is passed over: the ETag says nothing of "
            "the records that are included."
        ),
        parameters=(parameter, *view_parameters(kind), "ifNoneMatch", "permissions"),
        successes={
            200: Success(
                description="The record.",
                content={JSON_API: f"{NAMES[kind]}View"},
                headers=("ETag",),
            ),
            304: Success(description="The caller has it already.", headers=("ETag",)),
        },
        refusals=together(ALWAYS, BEARER, IN_GROUP, NEGOTIATED, IDENTIFIER, RECORDS, VIEW, codes),
    )


_OWN = "Those of the caller's groups; others that are public with filter[publiclyReleasable]=true."

READING: Mapping[str, Operation] = {
    "GET /api/v1/object-upload": _list(
        Kind.OBJECT_UPLOAD,
        "listObjectUploads",
        "the records of uploaded files",
        "Those of the caller's groups that have been looked into.",
    ),
    "GET /api/v1/object-upload/{id}": _one(
        Kind.OBJECT_UPLOAD,
        "getObjectUpload",
        "uploadId",
        "Get the record of an uploaded file",
        "There as soon as the content has been looked into. Needs READ_ONLY in the group, or "
        "a description of the file that is publicly releasable.",
        {404: ("upload_not_found",), 410: ("upload_deleted", "record_deleted")},
    ),
    "GET /api/v1/metadata": _list(Kind.METADATA, "listMetadata", "descriptions", _OWN),
    "GET /api/v1/metadata/{id}": _one(
        Kind.METADATA,
        "getMetadata",
        "metadataId",
        "Get a description",
        "Needs READ_ONLY in the group, unless the description is publicly releasable.",
        {404: ("metadata_not_found",), 410: ("metadata_deleted", "record_deleted")},
    ),
    "GET /api/v1/derivative": _list(
        Kind.DERIVATIVE,
        "listDerivatives",
        "the records of files that were made from others",
        _OWN,
    ),
    "GET /api/v1/derivative/{id}": _one(
        Kind.DERIVATIVE,
        "getDerivative",
        "derivativeId",
        "Get the record of a file that was made from another",
        "Needs READ_ONLY in the group, unless the derivative is publicly releasable. That of a "
        "generated thumbnail has the thumbnailIdentifier as its id.",
        {404: ("derivative_not_found",), 410: ("derivative_deleted", "record_deleted")},
    ),
}

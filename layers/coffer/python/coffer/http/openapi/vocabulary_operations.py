"""The routes of the vocabulary's terms: managed attributes and subtypes, which are alike."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    IDEMPOTENT,
    IDENTIFIER,
    IN_GROUP,
    JSON_BODY,
    NEGOTIATED,
    RECORDS,
    Refusals,
    together,
)
from coffer.http.openapi.operation import (
    JSON_API_BODY,
    UNCHANGED,
    Access,
    Body,
    Operation,
    Success,
    Tag,
)
from coffer.http.responses import JSON_API

_SENT: Refusals = {
    400: ("unknown_member", "unknown_attribute", "malformed_attribute", "more_problems"),
    409: ("type_conflict", "term_exists"),
    422: ("constraint_violation",),
}
_THERE: Refusals = {404: ("term_not_found",), 410: ("term_deleted",)}
_CHANGING: Refusals = {412: ("version_changed",), 503: ("records_busy",)}
_ONE = ("ETag",)


def _terms(
    kind: str, name: str, what: str, *, who: str, lists_by: tuple[str, ...], identifies: Refusals
) -> Mapping[str, Operation]:
    """The five routes of a kind of term; `name` in CamelCase, `what` in words with its article."""
    parameter = f"{name[0].lower()}{name[1:]}Id"
    shown = {JSON_API: f"{name}Document"}
    return {
        f"GET /api/v1/{kind}": Operation(
            identifier=f"list{name}s",
            tag=Tag.VOCABULARY,
            access=Access.BEARER,
            summary=f"List the {what}s",
            description=(
                "The oldest first, 20 unless the query asks for another number. All attributes can "
                "be filtered by, with EQ, NEQ, IN, LIKE, ILIKE, GT, GE, LT and LE."
            ),
            parameters=(*lists_by, "offset", "limit"),
            successes={
                200: Success(description=f"The {what}s.", content={JSON_API: f"{name}sDocument"})
            },
            refusals=together(
                ALWAYS, BEARER, NEGOTIATED, RECORDS,
                {400: ("malformed_parameter", "unknown_attribute")},
            ),
        ),
        f"GET /api/v1/{kind}/{{id}}": Operation(
            identifier=f"get{name}",
            tag=Tag.VOCABULARY,
            access=Access.BEARER,
            summary=f"Get one of the {what}s",
            description="For everybody who is signed in.",
            parameters=(parameter, "ifNoneMatch"),
            successes={
                200: Success(description=f"The {what}.", content=shown, headers=_ONE),
                304: UNCHANGED,
            },
            refusals=together(ALWAYS, BEARER, NEGOTIATED, RECORDS, identifies, _THERE),
        ),
        f"POST /api/v1/{kind}": Operation(
            identifier=f"create{name}",
            tag=Tag.VOCABULARY,
            access=Access.BEARER,
            summary=f"Add to the {what}s",
            description=f"Each has a name of its own: whoever comes first has it. Needs {who}.",
            parameters=("idempotencyKey",),
            body=Body(schema=f"New{name}Document", media_types=JSON_API_BODY),
            successes={
                201: Success(
                    description=f"The {what}, as it was stored.",
                    content=shown,
                    headers=("Location", "ETag"),
                )
            },
            refusals=together(
                ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, RECORDS, _SENT, IDEMPOTENT,
                {503: ("records_busy",)},
            ),
        ),
        f"PATCH /api/v1/{kind}/{{id}}": Operation(
            identifier=f"change{name}",
            tag=Tag.VOCABULARY,
            access=Access.BEARER,
            summary=f"Change one of the {what}s",
            description=(
                "Only what is sent is changed. While metadata uses it, its name and its type stay. "
                f"Needs {who}."
            ),
            parameters=(f"changed{name}Id", "ifMatch"),
            body=Body(schema=f"Changed{name}Document", media_types=JSON_API_BODY),
            successes={
                200: Success(description=f"The {what}, as it is now.", content=shown, headers=_ONE)
            },
            refusals=together(
                ALWAYS, BEARER, IN_GROUP, NEGOTIATED, IDENTIFIER, JSON_BODY, RECORDS, _SENT,
                _THERE, _CHANGING, {400: ("wrong_identifier",), 422: ("term_in_use",)},
            ),
        ),
        f"DELETE /api/v1/{kind}/{{id}}": Operation(
            identifier=f"delete{name}",
            tag=Tag.VOCABULARY,
            access=Access.BEARER,
            summary=f"Delete one of the {what}s",
            description=f"Refused while metadata uses it. Needs {who}.",
            parameters=(f"changed{name}Id", "ifMatch"),
            successes={204: Success(description="It is deleted.")},
            refusals=together(
                ALWAYS, BEARER, IN_GROUP, NEGOTIATED, IDENTIFIER, RECORDS, _THERE, _CHANGING,
                {422: ("term_in_use",)},
            ),
        ),
    }  # fmt: skip


VOCABULARY: Mapping[str, Operation] = {
    **_terms(
        "managed-attribute",
        "ManagedAttribute",
        "managed attribute",
        who="SUPER_USER in any group",
        lists_by=("filterKey", "likeName", "sortManagedAttributes"),
        identifies={},
    ),
    **_terms(
        "object-subtype",
        "ObjectSubtype",
        "object subtype",
        who="the role DINA_ADMIN in the realm",
        lists_by=("filterAcSubtype", "filterDcType", "sortObjectSubtypes"),
        identifies=IDENTIFIER,
    ),
}

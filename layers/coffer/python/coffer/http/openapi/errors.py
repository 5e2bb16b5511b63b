"""Errors: what they look like, and which codes stand behind which status.

A code belongs to a group as long as every route of the group can answer with it. `docs/api.md` says
what each means; a test holds that catalogue, these groups and the code itself together.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from coffer.http.openapi.schemas import (
    Members,
    Schema,
    identifier,
    many,
    reference,
    text,
    thing,
    url,
    whole_number,
)

Refusals = Mapping[int, tuple[str, ...]]
"""Codes by status."""

GATEWAY_STATUSES = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""With these the gateway itself may answer, in its own form, before or after a function runs."""

ALWAYS: Refusals = {429: (), 500: ("internal_error",), 503: ()}
NEGOTIATED: Refusals = {406: ("not_acceptable",)}
TOKEN: Refusals = {
    401: (
        "token_required",
        "malformed_token",
        "invalid_token",
        "token_expired",
        "token_not_yet_valid",
        "token_without_expiry",
        "token_without_user",
    )
}
BEARER: Refusals = {
    401: (*TOKEN[401], "wrong_audience"),
    403: ("realm_role_required",),
    503: ("identity_provider_unavailable",),
}
IN_GROUP: Refusals = {403: ("role_required",)}
BUCKET: Refusals = {400: ("malformed_bucket",)}
IDENTIFIER: Refusals = {400: ("malformed_identifier",)}
RECORDS: Refusals = {503: ("records_unavailable",)}
STORE: Refusals = {503: ("store_unavailable",)}
BODY: Refusals = {413: (), 415: ("unsupported_content_type",)}
JSON_BODY: Refusals = {**BODY, 400: ("malformed_json", "malformed_document")}
VERSIONED: Refusals = {412: ("version_changed",)}
WRITTEN: Refusals = {503: ("records_busy",)}
SHAPES: Refusals = {
    400: (
        "unknown_member",
        "unknown_attribute",
        "malformed_attribute",
        "unknown_relationship",
        "malformed_relationship",
        "more_problems",
    ),
    409: ("type_conflict",),
}
BULK: Refusals = {
    400: ("malformed_identifier", "more_problems"),
    413: ("too_many_entries", "answer_too_large"),
}
IDEMPOTENT: Refusals = {
    400: ("malformed_idempotency_key",),
    409: ("idempotency_key_in_use",),
    422: ("idempotency_key_reused",),
    503: ("records_busy",),
}
REPEATED: Refusals = {400: ("repeated_entry",)}
CHANGED: Refusals = {400: ("wrong_identifier",)}
FILE_NAME: Refusals = {
    422: ("empty_file", "file_name_too_long", "file_extension_too_long", "malformed_media_type")
}
PERMISSION: Refusals = {
    **TOKEN,
    403: ("wrong_service",),
    404: ("no_such_route",),
    503: ("auth_server_unavailable",),
}

UNROUTED: Refusals = {404: ("no_such_route",), 405: ("method_not_allowed",)}
"""What `$default` answers with, for every path and method that is no route."""


def together(*groups: Refusals) -> Refusals:
    """All codes of these groups, by status, in the order of the statuses."""
    statuses = sorted({status for group in groups for status in group})
    return {
        status: tuple(dict.fromkeys(code for group in groups for code in group.get(status, ())))
        for status in statuses
    }


ERROR = thing(
    {
        "status": text("The HTTP status, as text.", pattern="^[45][0-9]{2}$", examples=["422"]),
        "code": text(
            "A stable word for what is wrong.", pattern="^[a-z0-9_]+$", examples=["empty_file"]
        ),
        "title": text("The status in words.", examples=["Unprocessable Entity"]),
        "detail": text(
            "What is wrong with this very request.", examples=["Can't store empty file."]
        ),
        "source": thing(
            {
                "pointer": text(
                    "Where in the request's document (RFC 6901).",
                    examples=["/data/attributes/bucket"],
                ),
                "parameter": text("Which parameter of the path or the query."),
                "header": text("Which header."),
            },
            "Where in the request it is wrong; one of these.",
            required=(),
            maxProperties=1,
            minProperties=1,
        ),
        "links": thing(
            {"about": url("The audit of a deleted record: by whom it was deleted, and when.")},
            "Where there is more to know.",
        ),
    },
    "One thing that is wrong.",
    required=("status", "code", "title", "detail"),
)

RAWSTORE_ERROR = thing(
    {
        "message": text("What is wrong, as a sentence that can be shown."),
        "code": text("A stable word for it.", pattern="^[a-z0-9_]+$", examples=["bad_files"]),
        "files": {
            "type": "object",
            "additionalProperties": text("Why this file is refused."),
            "description": "With bad_files: what is wrong with each file, by its path.",
        },
    },
    "What is wrong.",
    required=("message", "code"),
)

SCHEMAS: Members = {
    "ErrorDocument": thing(
        {
            "errors": many(reference("Error"), "Everything that is wrong, at once.", minItems=1),
            "meta": thing(
                {
                    "written": many(
                        thing(
                            {
                                "index": whole_number("The number of the entry.", minimum=0),
                                "id": identifier("The record that it made or changed."),
                            },
                            "An entry that was written.",
                        ),
                        "The entries that were written.",
                    ),
                    "failed": many(
                        whole_number("The number of an entry.", minimum=0),
                        "The entries that were not.",
                    ),
                },
                "Where many entries were sent, and some had been written when others lost a race.",
            ),
        },
        "A JSON:API error document.",
        required=("errors",),
    ),
    "Error": ERROR,
    "GatewayMessage": thing(
        {"message": text("What happened, in a few words.", examples=["Too Many Requests"])},
        "What the gateway says of its own accord.",
    ),
    "RawstoreErrorDocument": thing(
        {
            "error": reference("RawstoreError", "What is wrong."),
            "docs": url("Where this description is. Only with no_such_route."),
            "info": text("What is served here. Only with no_such_route."),
        },
        "An error of the rawstore API.",
        required=("error",),
    ),
    "RawstoreError": RAWSTORE_ERROR,
}


def error_schema(*, rawstore: bool) -> Schema:
    """The schema of the errors of one of the two APIs."""
    return reference("RawstoreErrorDocument" if rawstore else "ErrorDocument")

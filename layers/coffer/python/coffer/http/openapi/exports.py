"""Exports: what is sent and shown of them, and their routes."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.export.fields import MAX_NAME_LENGTH, TYPE
from coffer.domain.export.record import KEY_LENGTH, PROBLEM_DETAILS, ExportStatus
from coffer.domain.export.transform_member import CONVERT, RESIZE
from coffer.domain.text_safety import NO_MARKUP_PATTERN
from coffer.http.export.documents import KEY_TYPE
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    IDEMPOTENT,
    IDENTIFIER,
    JSON_BODY,
    NEGOTIATED,
    RECORDS,
    STORE,
    together,
)
from coffer.http.openapi.operation import (
    ANY_TYPE,
    JSON_API_BODY,
    PLAIN_TEXT,
    UNCHANGED,
    Access,
    Body,
    Operation,
    Success,
    Tag,
)
from coffer.http.openapi.records import document, resource
from coffer.http.openapi.schemas import (
    UUID_PATTERN,
    Members,
    Schema,
    identifier,
    many,
    mapping,
    moment,
    nullable,
    one_of,
    reference,
    text,
    thing,
    url,
    whole_number,
)
from coffer.http.responses import JSON_API

KEY_PATTERN = f"^[A-Za-z0-9]{{{KEY_LENGTH}}}$"

_NAME = text(
    "What the export is called, in the message that tells of it.",
    maxLength=MAX_NAME_LENGTH,
    pattern=NO_MARKUP_PATTERN,
)
_FUNCTION = thing(
    {
        "functionDef": one_of((RESIZE, CONVERT), "What is done to each file, all of them images."),
        "params": mapping(
            {"type": ["string", "number"], "description": "The value."},
            f"For {RESIZE} `factor`, above 0 and below 1. For {CONVERT} `targetMediaType` "
            "(image/jpeg, image/png, image/tiff or image/webp) and, if wanted, `quality` (1 to "
            "100) and `rotation` (degrees clockwise, 0 to 359).",
        ),
    },
    "What is done to each file on its way into the archive.",
    required=("functionDef",),
    closed=True,
)
_REQUEST: Members = {
    "name": nullable(_NAME),
    "fileIdentifiers": many(
        identifier("A file, a derivative or a thumbnail, by its fileIdentifier."),
        "What is exported, in this order; none of it twice.",
        minItems=1,
    ),
    "filenameAliases": nullable(
        mapping(
            text("The alias.", maxLength=MAX_NAME_LENGTH, pattern=NO_MARKUP_PATTERN),
            "What files are called in the archive instead, by fileIdentifier; their extension "
            "stays.",
            propertyNames={"pattern": UUID_PATTERN},
        )
    ),
    "exportLayout": nullable(
        mapping(
            many(identifier("A file of fileIdentifiers."), "What is in the folder."),
            "Folders of the archive, each with its files. Files that are in none are at the top.",
            propertyNames={"maxLength": MAX_NAME_LENGTH, "pattern": NO_MARKUP_PATTERN},
        )
    ),
    "exportFunction": {"anyOf": [_FUNCTION, {"type": "null"}], "description": "What is done."},
}
_PROBLEM = thing(
    {
        "fileIdentifier": identifier("The file that is not in the archive."),
        "code": one_of(PROBLEM_DETAILS, "A stable word for why."),
        "detail": text("Why, as a sentence."),
    },
    "A file that was left out.",
)
_STATE: Members = {
    "status": one_of(ExportStatus, "Where it stands."),
    "createdBy": text("Who asked for it."),
    "createdOn": moment("When."),
    "progress": thing(
        {
            "files": whole_number("How many files are in the archive by now.", minimum=0),
            "filesTotal": whole_number("Of how many.", minimum=0),
            "bytes": whole_number("How many bytes of files are in it by now.", minimum=0),
            "bytesTotal": whole_number(
                "Of how many; generated thumbnails do not count.", minimum=0
            ),
        },
        "How far it is.",
    ),
    "problems": many(_PROBLEM, "The files that were left out, each with the reason."),
    "failure": nullable(text("With ERROR: a stable word for why there is no archive.")),
    "archiveSizeInBytes": nullable(whole_number("The size of the archive.", minimum=0)),
    "finishedOn": nullable(moment("When it was finished, or failed.")),
    "availableUntil": nullable(moment("Until when the archive is there, unless a key is used.")),
}
_SHOWN = thing({"name": nullable(text("What it is called.")), **_STATE}, "An export.")
_ECHOED = thing(
    {**_REQUEST, **_STATE},
    "The request as it was sent, and what has become of it.",
    required=("fileIdentifiers", *_STATE),
)
_KEY = thing(
    {
        "url": url("Where the key opens the archive, once."),
        "expiresOn": moment("Until when it does."),
    },
    "A key to an archive.",
)


def _page(item: Schema, what: str) -> Schema:
    return thing(
        {
            "data": many(item, what),
            "links": thing(
                {"self": url("This page."), "next": url("The next one, where there may be more.")},
                "Where to look.",
                required=("self",),
            ),
            "meta": thing(
                {"totalResourceCount": whole_number("How many there are.", minimum=0)},
                "About the list.",
            ),
        },
        what,
    )


SCHEMAS: Members = {
    "NewExportDocument": thing(
        {
            "data": thing(
                {
                    "type": text("What this is.", const=TYPE),
                    "attributes": thing(
                        _REQUEST, "What is asked for.", required=("fileIdentifiers",), closed=True
                    ),
                },
                "The request.",
            )
        },
        "A request for an export.",
    ),
    "RequestedExportAttributes": _ECHOED,
    "RequestedExport": resource(
        TYPE, "RequestedExportAttributes", "An export that was just asked for."
    ),
    "RequestedExportDocument": document("RequestedExport", "An export that was just asked for."),
    "ExportAttributes": _SHOWN,
    "Export": resource(TYPE, "ExportAttributes", "An export."),
    "ExportDocument": document("Export", "One export."),
    "ExportsDocument": _page(reference("Export"), "Exports, the newest first."),
    "AccessKeyDocument": thing(
        {
            "data": thing(
                {
                    "id": text("The key.", pattern=KEY_PATTERN),
                    "type": text("What this is.", const=KEY_TYPE),
                    "attributes": _KEY,
                },
                "A key.",
            ),
            "links": thing({"self": url("Where it opens the archive.")}, "Where to look."),
        },
        "A key to an archive.",
    ),
}


def _create(at_the_root: bool) -> Operation:
    return Operation(
        identifier="createExportAtTheRoot" if at_the_root else "createExport",
        tag=Tag.EXPORTS,
        access=Access.BEARER,
        summary="Have files put into one archive",
        description=(
            "Needs to be able to read each of the files. Everything that can be refused is "
            "refused now; the archive is built afterwards, and the event ObjectExportNotification "
            "tells of it, with a key for `/toa/{key}`."
        ),
        parameters=("idempotencyKey",),
        body=Body(schema="NewExportDocument", media_types=JSON_API_BODY),
        successes={
            201: Success(
                description="The export was accepted.",
                content={JSON_API: "RequestedExportDocument"},
                headers=("Location", "ETag"),
            )
        },
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, JSON_BODY, RECORDS, STORE, IDEMPOTENT,
            {400: ("unknown_member", "unknown_attribute", "malformed_attribute", "more_problems")},
            {409: ("type_conflict",), 413: ("too_many_files", "export_too_large")},
            {
                422: (
                    "files_required", "duplicate_file", "duplicate_in_layout",
                    "unknown_in_layout", "unknown_in_aliases", "name_too_long", "unsafe_text",
                    "file_not_found", "file_not_readable", "file_deleted", "file_rejected",
                    "file_not_ready", "invalid_export_function", "unsupported_source",
                    "source_too_large",
                ),
                503: ("queue_unavailable",),
            },
        ),
    )  # fmt: skip


def _redeem(suffix: str) -> Operation:
    return Operation(
        identifier=f"redeemAccessKey{suffix}",
        tag=Tag.EXPORTS,
        access=Access.ANYONE,
        summary="Get the archive that a key opens",
        description=(
            "Once: of all who bring a key one gets the archive, up to 4 MiB the bytes themselves, "
            "above that a redirect to a link that holds for five minutes."
        ),
        parameters=("accessKey",),
        successes={
            200: Success(
                description="The archive.",
                content={ANY_TYPE: ""},
                headers=("Content-Disposition", "Cache-Control", "X-Content-Type-Options"),
            ),
            307: Success(
                description="The archive is behind Location.",
                content={PLAIN_TEXT: "Sentence"},
                headers=("Location", "Cache-Control"),
            ),
        },
        refusals=together(ALWAYS, RECORDS, STORE, {404: ("access_key_not_found",)}),
    )


def _look(suffix: str) -> Operation:
    return Operation(
        identifier=f"describeAccessKey{suffix}",
        tag=Tag.EXPORTS,
        access=Access.ANYONE,
        summary="See what a key would open",
        description="The headers of GET, without taking the key.",
        parameters=("accessKey",),
        successes={
            200: Success(
                description="The key is good.",
                headers=(
                    "Content-Disposition", "Cache-Control", "X-Content-Type-Options",
                    "X-Content-Length",
                ),
            )
        },
        refusals=together(ALWAYS, RECORDS, {404: ("access_key_not_found",)}),
    )  # fmt: skip


OPERATIONS: Mapping[str, Operation] = {
    "POST /api/v1/object-export": _create(at_the_root=False),
    "POST /object-export": _create(at_the_root=True),
    "GET /api/v1/object-export": Operation(
        identifier="listExports",
        tag=Tag.EXPORTS,
        access=Access.BEARER,
        summary="List one's own exports",
        description="The newest first, 20 unless the query asks for another number.",
        parameters=("limit", "exportCursor"),
        successes={
            200: Success(description="A page of them.", content={JSON_API: "ExportsDocument"})
        },
        refusals=together(ALWAYS, BEARER, NEGOTIATED, RECORDS, {400: ("malformed_parameter",)}),
    ),
    "GET /api/v1/object-export/{id}": Operation(
        identifier="getExport",
        tag=Tag.EXPORTS,
        access=Access.BEARER,
        summary="Get one of one's own exports",
        description="How far it is, and which files were left out. Exports of others are 404.",
        parameters=("exportId", "ifNoneMatch"),
        successes={
            200: Success(
                description="The export.", content={JSON_API: "ExportDocument"}, headers=("ETag",)
            ),
            304: UNCHANGED,
        },
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, RECORDS, IDENTIFIER, {404: ("export_not_found",)}
        ),
    ),
    "POST /api/v1/object-export/{id}/key": Operation(
        identifier="createAccessKey",
        tag=Tag.EXPORTS,
        access=Access.BEARER,
        summary="Get a fresh key to the archive of one's own export",
        description="As long as the archive is there; it then stays for another hour.",
        parameters=("exportId",),
        successes={
            201: Success(
                description="The key.",
                content={JSON_API: "AccessKeyDocument"},
                headers=("Location", "Cache-Control"),
            )
        },
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, RECORDS, IDENTIFIER,
            {404: ("export_not_found",), 410: ("export_expired",), 503: ("records_busy",)},
            {409: ("export_not_finished", "export_failed", "export_busy")},
        ),
    ),
    "GET /api/v1/toa/{key}": _redeem(""),
    "HEAD /api/v1/toa/{key}": _look(""),
    "GET /toa/{key}": _redeem("AtTheRoot"),
    "HEAD /toa/{key}": _look("AtTheRoot"),
}  # fmt: skip

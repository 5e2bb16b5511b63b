"""Schemas of error responses, of both APIs and of the gateway."""

from __future__ import annotations

from coffer.http.openapi import schemas as s

_CODE_PATTERN = "^[a-z0-9_]+$"

# fmt: off
SCHEMAS: s.Properties = {
    "ErrorDocument": s.structure("A JSON:API error document.", {
        "errors": s.array("All errors of the request.", s.reference("Error"), minItems=1),
        "meta": s.structure("State of a request with many entries that was written in part.", {
            "written": s.array("Entries that were written.", s.structure("Entry.", {
                "index": s.integer("Number of the entry.", minimum=0),
                "id": s.uuid("Id of the record."),
            })),
            "failed": s.array("Entries that were not.", s.integer("Number.", minimum=0)),
        }),
    }, required=("errors",)),
    "Error": s.structure("An error.", {
        "status": s.string("HTTP status, as text.", pattern="^[45][0-9]{2}$", examples=["422"]),
        "code": s.string("Stable code.", pattern=_CODE_PATTERN, examples=["empty_file"]),
        "title": s.string("Name of the status.", examples=["Unprocessable Entity"]),
        "detail": s.string("Description of the error.", examples=["Can't store empty file."]),
        "source": s.structure("Part of the request that is wrong; one of these.", {
            "pointer": s.string("Pointer into the request body (RFC 6901).",
                                examples=["/data/attributes/bucket"]),
            "parameter": s.string("Parameter of the path or the query."),
            "header": s.string("Header."),
        }, required=(), maxProperties=1, minProperties=1),
        "links": s.structure("Links.", {"about": s.uri("Address of a deleted record's audit.")}),
    }, required=("status", "code", "title", "detail")),
    "GatewayMessage": s.structure("An error of the gateway.", {
        "message": s.string("Description of the error.", examples=["Too Many Requests"]),
    }),
    "RawstoreErrorDocument": s.structure("An error document of the rawstore API.", {
        "error": s.reference("RawstoreError", "The error."),
        "docs": s.uri("Address of this description. Only with no_such_route."),
        "info": s.string("Name of the service. Only with no_such_route."),
    }, required=("error",)),
    "RawstoreError": s.structure("An error.", {
        "message": s.string("Description of the error, for users."),
        "code": s.string("Stable code.", pattern=_CODE_PATTERN, examples=["bad_files"]),
        "files": s.mapping("With bad_files: descriptions of the errors, by the paths of the files.",
                           s.string("Description of the error.")),
    }, required=("message", "code")),
}
# fmt: on

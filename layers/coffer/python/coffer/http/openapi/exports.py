"""Schemas and operations of exports, and of the keys that open archives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coffer.domain.export.fields import EXPORT_FIELDS, EXPORT_REQUEST_FIELDS
from coffer.domain.export.record import KEY_LENGTH
from coffer.domain.export.transform_member import CONVERT, RESIZE
from coffer.domain.fields import NO_MARKUP_PATTERN
from coffer.http.export.documents import KEY_TYPE
from coffer.http.openapi import schemas as s
from coffer.http.openapi.field_schemas import request_properties, response_properties
from coffer.http.openapi.operation import (
    CONDITIONS,
    NOT_MODIFIED,
    REDIRECT,
    VALIDATORS,
    Access,
    Body,
    Operation,
    Success,
    Tag,
    file_content,
    json_api,
)

_TYPE = EXPORT_FIELDS.type
KEY_PATTERN = f"^[A-Za-z0-9]{{{KEY_LENGTH}}}$"
_FIELDS = EXPORT_REQUEST_FIELDS.by_name
_NAME_RULES = {"maxLength": _FIELDS["name"].max_length, "pattern": NO_MARKUP_PATTERN}

# fmt: off
_FUNCTION = s.structure("A function.", {
    "functionDef": s.choice("Name of the function. All files must be images.", (RESIZE, CONVERT)),
    "params": s.mapping(
        f"Parameters. {RESIZE}: `factor`, above 0 and below 1. {CONVERT}: `targetMediaType` "
        "(image/jpeg, image/png, image/tiff or image/webp), `quality` (1 to 100, optional) and "
        "`rotation` (degrees clockwise, 0 to 359, optional).",
        {"type": ["string", "number"], "description": "Value of the parameter."}),
}, required=("functionDef",), closed=True)
_REQUEST: s.Properties = {
    **request_properties(EXPORT_REQUEST_FIELDS.attributes),
    "filenameAliases": s.nullable(s.mapping(
        _FIELDS["filenameAliases"].doc, s.string("Name in the archive.", **_NAME_RULES),
        propertyNames={"pattern": s.UUID_PATTERN})),
    "exportLayout": s.nullable(s.mapping(
        _FIELDS["exportLayout"].doc, s.array("Files in the folder.", s.uuid("A file.")),
        propertyNames=_NAME_RULES)),
    "exportFunction": {"anyOf": [_FUNCTION, {"type": "null"}],
                       "description": _FIELDS["exportFunction"].doc},
}
_STATE = response_properties(one for one in EXPORT_FIELDS.attributes if one.name != "name")

SCHEMAS: s.Properties = {
    "NewExportDocument": s.structure("A request for an export.", {"data": s.request_resource(
        _TYPE, s.structure("Attributes.", _REQUEST, required=("fileIdentifiers",), closed=True))}),
    **s.record_schemas("RequestedExport", _TYPE, "a new export", s.structure(
        "Attributes of the request, and the state of the export.",
        {**_REQUEST, **_STATE}, required=("fileIdentifiers", *_STATE))),
    **s.record_schemas("Export", _TYPE, "an export", s.structure(
        "Attributes of an export.", response_properties(EXPORT_FIELDS.attributes))),
    "ExportsDocument": s.page("Exports, the newest first.", s.reference("Export")),
    "AccessKeyDocument": s.document("A key to an archive.", s.resource(
        "Key.", KEY_TYPE, s.structure("Attributes.", {
            "url": s.uri("Address at which the key opens the archive, once."),
            "expiresOn": s.timestamp("Time until which the key works."),
        }), id_=s.string("The key.", pattern=KEY_PATTERN))),
}

_CREATE = Operation(
    "createExport", Tag.EXPORTS, "Export files as one archive",
    "The caller must be able to read each file. The request is validated completely before the "
    "response. The archive is built afterwards, and the event ObjectExportNotification announces "
    "it with a key for `/toa/{key}`.",
    parameters="idempotencyKey", body=Body("NewExportDocument"),
    successes=json_api(201, "The new export.", "RequestedExportDocument", "Location", "ETag"),
    errors="DOCUMENT RECORDS STORE 413 too_many_files export_too_large "
    "422 files_required duplicate_file conflicting_layout duplicate_in_layout unknown_in_layout "
    "name_too_long unsafe_text file_not_found file_not_readable file_deleted file_rejected "
    "file_not_ready invalid_export_function unsupported_source source_too_large "
    "409 exports_busy 429 too_many_exports 503 queue_unavailable")
_ARCHIVE_HEADERS = ("ETag", "Last-Modified", "Content-Disposition", "Cache-Control",
                    "X-Content-Type-Options")
_HAS_ARCHIVE = {304: Success("The caller has the archive. The key can still be used.",
                              headers=_ARCHIVE_HEADERS)}
_ARCHIVE = file_content("application/zip")
_REDEEM = Operation(
    "redeemAccessKey", Tag.EXPORTS, "Download the archive that a key opens",
    "A key is for one download. The response is the archive up to 4 MiB, otherwise a redirect to a "
    "link that works for five minutes. A range of at most 64 KiB that is not the whole archive is "
    "returned, at most 16 times, and the key can still be used.",
    access=Access.ANYONE, parameters=f"accessKey range ifRange {CONDITIONS}",
    successes={
        200: Success("The archive.", _ARCHIVE, _ARCHIVE_HEADERS),
        206: Success("A small range of the archive.", _ARCHIVE,
                     (*_ARCHIVE_HEADERS, "Content-Range")),
        **_HAS_ARCHIVE,
        **REDIRECT,
    },
    errors="RECORDS STORE 404 access_key_not_found 416 range_not_satisfiable")
_DESCRIBE = Operation(
    "describeAccessKey", Tag.EXPORTS, "Get the headers of the archive that a key opens",
    "Returns the headers of GET. The key can still be used.",
    access=Access.ANYONE, parameters=f"accessKey {CONDITIONS}",
    successes={200: Success("The key is valid.", None, (*_ARCHIVE_HEADERS, "X-Content-Length"))}
    | _HAS_ARCHIVE,
    errors="RECORDS STORE 404 access_key_not_found")

OPERATIONS: Mapping[str, Operation] = {
    "POST /api/v1/object-export": _CREATE,
    "POST /object-export": replace(_CREATE, identifier="createExportAtTheRoot"),
    "GET /api/v1/object-export": Operation(
        "listExports", Tag.EXPORTS, "List the caller's exports",
        "Lists the newest first, 20 on a page by default.",
        parameters="filterId fiql limit exportCursor",
        successes=json_api(200, "A page of exports.", "ExportsDocument"),
        errors="RECORDS QUERY"),
    "GET /api/v1/object-export/{id}": Operation(
        "getExport", Tag.EXPORTS, "Get one of the caller's exports",
        "Returns its progress and the files that were left out. An export of another user is 404.",
        parameters="exportId ifNoneMatch",
        successes=json_api(200, "The export.", "ExportDocument", *VALIDATORS) | NOT_MODIFIED,
        errors="RECORDS 404 export_not_found"),
    "POST /api/v1/object-export/{id}/key": Operation(
        "createAccessKey", Tag.EXPORTS, "Create a key to the archive of an own export",
        "The caller must still be able to read each file. The key keeps the archive for another "
        "hour, but not for more than 24 hours after it was finished.",
        parameters="exportId",
        successes=json_api(201, "The key.", "AccessKeyDocument", "Location", "Cache-Control"),
        errors="RECORDS STORE 403 export_not_readable 404 export_not_found 410 export_expired "
        "409 export_not_finished export_failed export_busy"),
    "GET /api/v1/toa/{key}": _REDEEM,
    "GET /toa/{key}": replace(_REDEEM, identifier="redeemAccessKeyAtTheRoot"),
    "HEAD /api/v1/toa/{key}": _DESCRIBE,
    "HEAD /toa/{key}": replace(_DESCRIBE, identifier="describeAccessKeyAtTheRoot"),
}
# fmt: on

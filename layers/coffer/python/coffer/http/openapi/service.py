"""Schemas and operations of administration, the audit, look-ups by name and the API itself.

The schemas of error responses, of both APIs and of the gateway, are here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coffer.domain.configuration.published import API_INFO
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.permissions.rights import PROVIDER, RIGHTS, Permission
from coffer.http.changes.index_refresh import DOC_TYPES
from coffer.http.openapi import schemas as s
from coffer.http.openapi.field_schemas import request_attributes
from coffer.http.openapi.operation import (
    HTML,
    Access,
    Body,
    Operation,
    Success,
    Tag,
    json_api,
    plain_json,
)
from coffer.http.permissions import CHECKED_FIELDS, PERMISSION_CHECK

_CODE_PATTERN = "^[a-z0-9_]+$"

# fmt: off
_GENERATION: s.Properties = {
    "metadataUuid": s.uuid("Id of the metadata record of the file."),
    "derivativeType": s.choice("Type to generate: only THUMBNAIL_IMAGE.", DerivativeType),
    "derivedFromType": s.nullable(s.choice(
        "Type of the derivative to generate it from. Default: from the file.", DerivativeType)),
}
SCHEMAS: s.Properties = {
    "DerivativeGenerationDocument": s.structure("Request for a thumbnail.", {
        "data": s.request_resource("derivative-generation", s.structure(
            "Attributes.", _GENERATION, required=("metadataUuid", "derivativeType"), closed=True)),
    }),
    "MadeDerivativeDocument": s.document(
        "The thumbnail, which exists or is being generated.",
        s.resource("Request.", "derivative-generation",
                   s.structure("Attributes of the request.", _GENERATION),
                   id_=s.uuid("Id of the derivative record of the thumbnail."))),
    "IndexRefreshDocument": s.structure("Request to refresh the index.", {
        "data": s.request_resource(
            "index-refresh",
            s.structure("Attributes.", {"docType": s.choice("Type of the records.", DOC_TYPES)},
                        closed=True),
            id=s.nullable(s.uuid("Id of the record. Without it, all records."))),
    }),
    "AuditPage": s.structure("A page of audit snapshots.", {
        "data": s.array("Snapshots.", s.reference("AuditSnapshot")), **s.PAGE_MEMBERS}),
    "AuditSnapshot": s.resource(
        "A record after one change.", "audit-snapshot",
        s.structure("Attributes.", {
            "instanceId": s.string("Type and id of the record, with a slash between."),
            "version": s.integer("Number of the change.", minimum=1),
            "snapshotType": s.choice("INITIAL: created. UPDATE: changed. TERMINAL: deleted.",
                                     ("INITIAL", "UPDATE", "TERMINAL")),
            "author": s.string("Name of the user; 'System Generated' if Coffer changed it."),
            "commitDateTime": s.timestamp("Time of the change."),
            "changedProperties": s.array("Attributes that were changed.", s.string("Attribute.")),
            "state": {"type": "object", "description": "All attributes after the change.",
                      "additionalProperties": True},
            "isShortened": s.boolean(
                "True if the change was too large for the audit: lists and objects are missing "
                "from the state, and long texts are cut. Otherwise absent."),
        }, required=("instanceId", "version", "snapshotType", "author", "commitDateTime",
                     "changedProperties", "state")),
        id_=s.string("The instanceId and the time.")),
    "NamesDocument": s.list_document("Records, the oldest first.", s.resource(
        "A record and its name.", "metadata",
        s.structure("Attributes.", {"name": s.nullable(s.string("Original name of the file."))}))),
    "PermissionCheckRequest": s.structure("A resource that need not exist.", {
        "data": s.structure("The resource.", {
            "type": s.choice("Type of the resource.", RIGHTS),
            "attributes": request_attributes(
                CHECKED_FIELDS, "Attributes of the resource.", changes=False),
        }, required=("type",)),
    }),
    "PermissionCheckDocument": s.structure("The permissions of the caller.", {
        "data": s.resource("Permissions.", PERMISSION_CHECK, s.structure("Attributes.", {
            "targetType": s.choice("Type of the resource.", RIGHTS),
            "permissions": s.array("What the caller may do.", s.choice("Permission.", Permission)),
            "permissionsProvider": s.string("The service that decided.", const=PROVIDER),
            "evaluatedAttributes": s.array(
                "Names of the attributes on which the permissions depend.", s.string("Name.")),
        }), id_=s.choice("Type of the resource.", RIGHTS)),
    }),
    "ApiInfoDocument": s.document("The API.", s.resource(
        "The API.", API_INFO, s.structure("Attributes.", {
            "messageProducer": s.boolean("True: each change is published."),
            "messageConsumer": s.boolean("False: the API receives no messages."),
            "attentionRequired": s.boolean("Always false: alarms tell the operators."),
            "moduleInfo": s.mapping("The limits of uploads.", s.anything("Limit.")),
        }), id_=s.string("Version of Coffer.", examples=["0.1.0"]))),
    "Page": s.string("A page of HTML."),
    "Health": s.structure("State of the API.", {
        "status": s.string("State.", const="ok"),
        "version": s.string("Version of Coffer.", examples=["0.1.0"]),
        "service": s.string("Name of the software.", const="coffer"),
    }),
    "OpenApi": {
        "type": "object", "description": "An OpenAPI document.",
        "externalDocs": {"url": "https://spec.openapis.org/oas/v3.1.0"},
    },
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

_GENERATE = Operation(
    "generateDerivative", Tag.SERVICE, "Generate a missing thumbnail",
    "From the file, or from its derivative of a type. An existing thumbnail is not changed. "
    "Requires DINA_ADMIN in the realm.",
    parameters="idempotencyKey", body=Body("DerivativeGenerationDocument"),
    successes=json_api(201, "The thumbnail exists or is being generated.",
                       "MadeDerivativeDocument", "Location"),
    errors="GROUP_ROLE RECORDS RECORDS_BUSY STORE DOCUMENT 404 metadata_not_found "
    "410 metadata_deleted 422 only_thumbnails source_derivative_not_found source_file_not_found "
    "thumbnail_unsupported")
_REFRESH = Operation(
    "refreshIndex", Tag.SERVICE, "Publish metadata again for search indexes",
    "Of one record, or of all records, page by page in the background. Each record is published as "
    "a DocumentOperationNotification with the operation UPDATE. Requires DINA_ADMIN in the realm.",
    body=Body("IndexRefreshDocument"), successes={202: Success("The records will be published.")},
    errors="GROUP_ROLE RECORDS IDENTIFIER DOCUMENT 404 metadata_not_found 410 metadata_deleted")
_FIND = Operation(
    "findIdentifiers", Tag.RECORDS, "Find the ids of records by name",
    "Compares the original names of files exactly. Several names, separated by commas, are "
    "alternatives. Without a name or an id, all records of the group are listed, the oldest "
    "first. Requires READ_ONLY in the group.",
    parameters="filterType filterName filterGroup filterId fiql namesLimit",
    successes=json_api(200, "The records.", "NamesDocument"),
    errors="GROUP_ROLE RECORDS BUCKET QUERY")

OPERATIONS: Mapping[str, Operation] = {
    "POST /api/v1/derivative-generation": _GENERATE,
    "POST /derivative-generation": replace(_GENERATE, identifier="generateDerivativeAtRoot"),
    "POST /api/v1/index-refresh": _REFRESH,
    "POST /index-refresh": replace(_REFRESH, identifier="refreshIndexAtRoot"),
    "GET /api/v1/resource-name-identifier": _FIND,
    "GET /resource-name-identifier": replace(_FIND, identifier="findIdentifiersAtRoot"),
    "GET /api/v1/audit-snapshot": Operation(
        "listAuditSnapshots", Tag.RECORDS, "List the changes of a record or of a user",
        "Lists the newest first unless `sort` says otherwise, as far as the caller may read them. "
        "A filter is required, or `fiql`. `createdOn` sorts by the time of the change, too. "
        "The audit follows the change stream with a short delay.",
        parameters="filterInstanceId filterAuthor fiql sortSnapshots offset limit",
        successes=json_api(200, "A page of snapshots.", "AuditPage"),
        errors="RECORDS QUERY 400 more_problems"),
    "POST /api/v1/permission-check": Operation(
        "checkPermissions", Tag.SERVICE, "Get the caller's permissions",
        "On a resource of a type, with these attributes, that is not public. Without attributes, "
        "`evaluatedAttributes` names those that count, and the permissions are those in every "
        "group. Uploading a file is the permission `create` on an object-upload.",
        body=Body("PermissionCheckRequest"),
        successes=json_api(200, "The permissions.", "PermissionCheckDocument"),
        errors="DOCUMENT"),
    "GET /api/v1/api-info": Operation(
        "getApiInfo", Tag.SERVICE, "Get the version of the API", "Its id is the version.",
        successes=json_api(200, "The API.", "ApiInfoDocument")),
    "GET /api/v1/health": Operation(
        "getHealth", Tag.SERVICE, "Check that the API is running",
        "Does not check the services behind the API.",
        access=Access.ANYONE, successes=plain_json("It is running.", "Health")),
    "GET /api/v1/openapi.json": Operation(
        "getDescription", Tag.SERVICE, "Get this document",
        "An OpenAPI 3.1 document of all routes, with the limits of this deployment.",
        access=Access.ANYONE, successes=plain_json("This document.", "OpenApi")),
    "GET /api/v1/docs": Operation(
        "getDocs", Tag.SERVICE, "Read this document in a browser",
        "A page that shows this document. It loads nothing from other servers.",
        access=Access.ANYONE,
        successes={200: Success("The page.", {HTML: "Page"}, (
            "Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"))}),
}
# fmt: on

"""Parameters, headers and security schemes that operations refer to by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.buckets import BUCKET_PATTERN
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import MAX_TERM_LENGTH
from coffer.http.listing.in_memory_query import MAX_LIMIT, MAX_OFFSET
from coffer.http.openapi import records, sessions
from coffer.http.openapi import schemas as s
from coffer.http.openapi.deployment import SERVICE_NAME
from coffer.http.openapi.exports import KEY_PATTERN

_query = s.parameter


def _header(description: str, type_: str = "string", **rules: Any) -> dict[str, Any]:
    schema = {"type": type_, "description": description, **rules}
    return {"description": description, "schema": schema}


def _path(name: str, schema: s.Schema) -> dict[str, Any]:
    return s.parameter(name, schema, place="path")


def _request_header(name: str, description: str, **rules: Any) -> dict[str, Any]:
    return s.parameter(name, s.string(description, **rules), place="header")


# fmt: off
PARAMETERS: Mapping[str, dict[str, Any]] = {
    "service": _path("service", s.string("Name of the rawstore API.", const=SERVICE_NAME)),
    "bucket": _path("bucket", s.string("Group of the file.", pattern=BUCKET_PATTERN)),
    "fileId": _path("fileId", s.uuid("fileIdentifier of the file.")),
    "filename": _path("filename", s.string(
        "Identifier of the file with its extension.", maxLength=100, examples=["….png"])),
    "uploadId": _path("id", s.uuid("fileIdentifier of the file.")),
    "metadataId": _path("id", s.uuid("Id of the metadata record.")),
    "derivativeId": _path("id", s.uuid("Id of the derivative.")),
    "mediaTypeId": _path("id", s.string("Media type.", examples=["image/jpeg"],
                                        pattern=s.MEDIA_TYPE_PATTERN)),
    "licenseId": _path("id", s.string("Id of the licence.", maxLength=100)),
    "configId": _path("id", s.string("Id of the configuration.", maxLength=100)),
    "managedAttributeId": _path("id", s.string("Id or key of the managed attribute.",
                                               maxLength=MAX_TERM_LENGTH)),
    "changedManagedAttributeId": _path("id", s.uuid("Id of the managed attribute.")),
    "objectSubtypeId": _path("id", s.uuid("Id of the subtype.")),
    "changedObjectSubtypeId": _path("id", s.uuid("Id of the subtype.")),
    "exportId": _path("id", s.uuid("Id of the export.")),
    "accessKey": _path("key", s.string("Key to the archive.", pattern=KEY_PATTERN)),
    **records.PARAMETERS,
    **sessions.PARAMETERS,
    "fiql": _query("fiql", s.string(
        "Condition as one expression, instead of filters: `;` is and, `,` is or, with ==, !=, "
        "=lt=, =le=, =gt=, =ge= and parentheses. * matches any text.",
        examples=["bucket==aafc;dcType==IMAGE"])),
    "cursor": _query("page[cursor]", s.string("Beginning of the page, from links.next.")),
    "offset": _query("page[offset]", s.integer("Entries to skip.", minimum=0, maximum=MAX_OFFSET)),
    "limit": _query("page[limit]", s.integer("Size of the page.", minimum=1, maximum=MAX_LIMIT)),
    "exportCursor": _query("page[cursor]", s.uuid("Beginning of the page, from links.next.")),
    "filterMediaType": _query("filter[mediaType]", s.string(
        "Media types, separated by commas.", examples=["image/jpeg"])),
    "likeMediaType": _query("filter[mediaType][LIKE]", s.string(
        "Pattern of media types: % matches any text, _ any character.", examples=["image/%"])),
    "sortMediaType": s.sort_parameter("mediaType"),
    "filterUrl": _query("filter[url]", s.string("Address of a licence.", minLength=1)),
    "sortLicenses": s.sort_parameter("url", "id"),
    "filterId": _query("filter[id]", s.string("Ids, separated by commas.", minLength=1)),
    "sortConfigs": s.sort_parameter("id"),
    "filterType": _query("filter[type][EQ]", s.string("Type of the records.", const="metadata")),
    "filterName": _query("filter[name][EQ]", s.string("Names, separated by commas.")),
    "filterGroup": _query("filter[group][EQ]", s.string(
        "Group of the records. Required.", pattern=BUCKET_PATTERN)),
    "namesLimit": _query("page[limit]", s.integer(
        "Most records. Default: 20.", minimum=1, maximum=MAX_LIMIT)),
    "filterKey": _query("filter[key]", s.string("Keys, separated by commas.", minLength=1)),
    "likeName": _query("filter[name][ILIKE]", s.string(
        "Pattern of names: % matches any text, _ any character.", examples=["%colour%"])),
    "sortManagedAttributes": s.sort_parameter("name", "createdOn"),
    "filterAcSubtype": _query("filter[acSubtype]", s.string("Subtypes, with commas.", minLength=1)),
    "filterDcType": _query("filter[dcType]", s.choice("Kind of the subtypes.", DcType)),
    "sortObjectSubtypes": s.sort_parameter("acSubtype", "createdOn"),
    "filterInstanceId": _query("filter[instanceId]", s.string(
        "Type and id of a record, with a slash between.",
        pattern="^[a-z]+(-[a-z]+)*/[0-9A-Za-z_-]{1,64}$",
        examples=["metadata/0193a3c4-0000-7000-8000-000000000001"])),
    "filterAuthor": _query("filter[author]", s.string("Name of a user.", minLength=1)),
    "sortSnapshots": s.sort_parameter("commitDateTime", "createdOn"),
    "redirect": _query("redirect", s.choice(
        "true: a redirect for small files, too. false: a link in a document.", ("true", "false"))),
    "disposition": _query("disposition", s.choice(
        "inline: browsers show the file, if its type cannot run code. Default: attachment.",
        ("attachment", "inline"))),
    "fileUrl": _query("url", s.string(
        "Address of the file, made of the URL and the key of its presigned POST.")),
    "ownerid": _query("ownerid", s.string("Owner of the file: the userid of the token.")),
    "ifMatch": _request_header("If-Match", "ETags. The record has to have one.", examples=['"3"']),
    "ifMatchFile": _request_header("If-Match", "ETags. The file has to have one, else 412."),
    "ifUnmodifiedSince": _request_header(
        "If-Unmodified-Since", "The file has to have no later Last-Modified, else 412. It counts "
        "without If-Match only.", examples=["Sun, 22 Nov 2026 12:00:00 GMT"]),
    "ifNoneMatch": _request_header("If-None-Match", "ETags that the caller has, or *."),
    "ifModifiedSince": _request_header(
        "If-Modified-Since", "Last-Modified of the file that the caller has. It counts without "
        "If-None-Match only.", examples=["Sun, 22 Nov 2026 12:00:00 GMT"]),
    "range": _request_header("Range", "Requested bytes.", examples=["bytes=0-99"]),
    "ifRange": _request_header("If-Range", "ETag or date of the file that the range is of."),
    "idempotencyKey": _request_header(
        "Idempotency-Key",
        "For a day, equal requests with the same key have one effect and the same response.",
        minLength=1, maxLength=255, pattern="^[!-~]([ -~]*[!-~])?$"),
    "permissions": _request_header(
        "include-dina-permission",
        "With any value, the response has what the caller may do with the record."),
    "correlationId": _request_header(
        "X-Correlation-Id",
        "Identifier of the request in the log: up to 128 ASCII letters, digits, `-`, `_`, `.` and "
        "`:`. Other values are ignored.", examples=["import-2026-11-22.17"]),
}

HEADERS: Mapping[str, dict[str, Any]] = {
    "Accept-Ranges": _header("Unit of ranges.", const="bytes"),
    "Cache-Control": _header("Who may cache the response, and for how long."),
    "Content-Disposition": _header("Whether to show or to save the file, and its name (RFC 6266)."),
    "Content-Range": _header("Range of the file (RFC 9110).", examples=["bytes 0-99/1000"]),
    "Content-Security-Policy": _header("What a displayed page or PDF may load and run."),
    "ETag": _header("Version of the response.", examples=['"1"']),
    "Last-Modified": _header("Time of the last change to the file."),
    "Location": _header("Address of the resource.", format="uri"),
    "Retry-After": _header("Seconds to wait, if a retry can help.", "integer", minimum=1),
    "WWW-Authenticate": _header("Required token.",
                                examples=["Bearer", 'Bearer error="invalid_token"']),
    "X-Content-Length": _header("Size in bytes, if Content-Length is lost.", "integer",
                                minimum=0),
    "X-Content-Type-Options": _header("Browsers do not guess the type.", const="nosniff"),
}

SECURITY_SCHEMES: Mapping[str, dict[str, str]] = {
    "bearerToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A token of the OIDC issuer that the deployment trusts."},
    "permissionToken": {"type": "apiKey", "in": "header", "name": "Auth-Token",
                        "description": "A permission token of the auth server. If it is invalid, a "
                        "token in the query is not tried."},
    "permissionTokenInQuery": {"type": "apiKey", "in": "query", "name": "jwt",
                               "description": "The same token, in the query."},
}
# fmt: on

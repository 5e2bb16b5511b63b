"""Parameters, headers and security schemes, which routes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffer.domain.buckets import BUCKET_PATTERN
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import MAX_TERM_LENGTH
from coffer.http.listing.in_memory_query import MAX_LIMIT, MAX_OFFSET
from coffer.http.openapi import lists
from coffer.http.openapi.exports import KEY_PATTERN
from coffer.http.openapi.responses import MEDIA_TYPE
from coffer.http.openapi.schemas import Schema, identifier, one_of, text, url, whole_number


def _header(schema: Schema) -> dict[str, Any]:
    return {"description": schema["description"], "schema": schema}


HEADERS: Mapping[str, dict[str, Any]] = {
    "Accept-Ranges": _header(text("Ranges are taken in bytes.", const="bytes")),
    "Cache-Control": _header(text("Who may keep it, and for how long.")),
    "Content-Security-Policy": _header(text("What the page may run and ask for: itself.")),
    "Content-Disposition": _header(
        text("Whether to show or to save it, and under which name (RFC 6266).")
    ),
    "Content-Range": _header(
        text("Which bytes of how many these are (RFC 9110).", examples=["bytes 0-99/1000"])
    ),
    "ETag": _header(text("What changes when the answer does.", examples=['"1"'])),
    "Last-Modified": _header(text("Since when the file is as it is.")),
    "Location": _header(url("Where it is.")),
    "Retry-After": _header(
        whole_number("In how many seconds to ask again, where that can help.", minimum=1)
    ),
    "WWW-Authenticate": _header(
        text("Which token is needed.", examples=["Bearer", 'Bearer error="invalid_token"'])
    ),
    "X-Content-Length": _header(
        whole_number("The size in bytes, also where Content-Length gets lost.", minimum=0)
    ),
    "X-Content-Type-Options": _header(text("Browsers are not to guess.", const="nosniff")),
}

SECURITY_SCHEMES: Mapping[str, dict[str, str]] = {
    "bearerToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the OIDC issuer that the deployment trusts.",
    },
    "permissionToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Auth-Token",
        "description": "A permission token of the auth server. A bad one here is not made good "
        "by one in the query.",
    },
    "permissionTokenInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "jwt",
        "description": "The same, for clients that cannot send headers.",
    },
}


def parameters(*, rawstore: str) -> dict[str, dict[str, Any]]:
    """The parameters by the names that `operations` uses."""
    return {
        "service": _parameter(
            "path", "service", text("The name of the rawstore API here.", const=rawstore)
        ),
        "bucket": _parameter(
            "path",
            "bucket",
            text("The group that the file belongs to.", pattern=BUCKET_PATTERN),
        ),
        "fileId": _parameter("path", "fileId", identifier("The file's fileIdentifier.")),
        "uploadId": _parameter("path", "id", identifier("The file's fileIdentifier.")),
        "metadataId": _parameter("path", "id", identifier("The id of the description.")),
        "derivativeId": _parameter("path", "id", identifier("The id of the derivative.")),
        **lists.PARAMETERS,
        "mediaTypeId": _parameter(
            "path", "id", text("The media type.", examples=["image/jpeg"], pattern=MEDIA_TYPE)
        ),
        "filterMediaType": _parameter(
            "query",
            "filter[mediaType]",
            text("Only these media types, with commas between them.", examples=["image/jpeg"]),
        ),
        "likeMediaType": _parameter(
            "query",
            "filter[mediaType][LIKE]",
            text("Only those of this form: % is anything, _ any character.", examples=["image/%"]),
        ),
        "sortMediaType": _parameter(
            "query", "sort", one_of(("mediaType", "-mediaType"), "In which order; - turns it.")
        ),
        "filename": _parameter(
            "path",
            "filename",
            text("The file's identifier with its extension.", maxLength=100, examples=["….png"]),
        ),
        "licenseId": _parameter("path", "id", text("Which licence.", maxLength=100)),
        "configId": _parameter("path", "id", text("Which configuration.", maxLength=100)),
        "filterUrl": _parameter(
            "query", "filter[url]", text("Only licences with this address.", minLength=1)
        ),
        "filterType": _parameter(
            "query", "filter[type][EQ]", text("The type of the records.", const="metadata")
        ),
        "filterName": _parameter(
            "query", "filter[name][EQ]", text("Their name, or several with commas between them.")
        ),
        "filterGroup": _parameter(
            "query",
            "filter[group][EQ]",
            text("Their group, which is needed.", pattern=BUCKET_PATTERN),
        ),
        "namesLimit": _parameter(
            "query",
            "page[limit]",
            whole_number("How many at most; 20 unless said.", minimum=1, maximum=MAX_LIMIT),
        ),
        "managedAttributeId": _parameter(
            "path",
            "id",
            text("The id of the managed attribute, or its key.", maxLength=MAX_TERM_LENGTH),
        ),
        "changedManagedAttributeId": _parameter(
            "path", "id", identifier("The id of the managed attribute.")
        ),
        "objectSubtypeId": _parameter("path", "id", identifier("The id of the subtype.")),
        "changedObjectSubtypeId": _parameter("path", "id", identifier("The id of the subtype.")),
        "filterInstanceId": _parameter(
            "query",
            "filter[instanceId]",
            text(
                "Of which record: its type, a slash, its id.",
                pattern="^[a-z]+(-[a-z]+)*/[0-9A-Za-z_-]{1,64}$",
                examples=["metadata/0193a3c4-0000-7000-8000-000000000001"],
            ),
        ),
        "filterAuthor": _parameter(
            "query", "filter[author]", text("Whose changes: the name of the user.", minLength=1)
        ),
        "filterKey": _parameter(
            "query", "filter[key]", text("Only these keys, with commas between them.", minLength=1)
        ),
        "likeName": _parameter(
            "query",
            "filter[name][ILIKE]",
            text("Only names of this form: % is anything, _ any character.", examples=["%colour%"]),
        ),
        "sortManagedAttributes": _parameter(
            "query", "sort", one_of(("name", "-name", "createdOn", "-createdOn"), "In which order.")
        ),
        "filterAcSubtype": _parameter(
            "query", "filter[acSubtype]", text("Only these, with commas between.", minLength=1)
        ),
        "filterDcType": _parameter("query", "filter[dcType]", one_of(DcType, "Only of this kind.")),
        "sortObjectSubtypes": _parameter(
            "query",
            "sort",
            one_of(("acSubtype", "-acSubtype", "createdOn", "-createdOn"), "In which order."),
        ),
        "exportId": _parameter("path", "id", identifier("The id of the export.")),
        "accessKey": _parameter(
            "path", "key", text("The key to the archive.", pattern=KEY_PATTERN)
        ),
        "exportCursor": _parameter(
            "query", "page[cursor]", identifier("Where the page begins: taken from `links.next`.")
        ),
        "offset": _parameter(
            "query",
            "page[offset]",
            whole_number("How many to leave out first.", minimum=0, maximum=MAX_OFFSET),
        ),
        "limit": _parameter(
            "query",
            "page[limit]",
            whole_number("How many at most.", minimum=1, maximum=MAX_LIMIT),
        ),
        "ifMatch": _parameter(
            "header",
            "If-Match",
            text("ETags of which the record must still have one.", examples=['"3"']),
        ),
        "idempotencyKey": _parameter(
            "header",
            "Idempotency-Key",
            text(
                "For a day the same request with the same key happens once, and is answered alike.",
                minLength=1,
                maxLength=255,
                pattern="^[!-~]([ -~]*[!-~])?$",
            ),
        ),
        "redirect": _parameter(
            "query",
            "redirect",
            one_of(
                ("true", "false"),
                "true: a redirect also for small files. false: a link in a document.",
            ),
        ),
        "disposition": _parameter(
            "query",
            "disposition",
            one_of(
                ("attachment", "inline"),
                "inline: for browsers to show, which only types are that cannot run anything.",
            ),
        ),
        "fileUrl": _parameter(
            "query", "url", text("The address of the file, as an upload's form and key give it.")
        ),
        "ownerid": _parameter(
            "query", "ownerid", text("Whose file it is: the userid of the token.")
        ),
        "range": _parameter(
            "header", "Range", text("The bytes that are wanted.", examples=["bytes=0-99"])
        ),
        "ifRange": _parameter(
            "header", "If-Range", text("The range only of the file with this ETag or date.")
        ),
        "ifNoneMatch": _parameter(
            "header", "If-None-Match", text("ETags that the caller has already, or *.")
        ),
        "correlationId": _parameter(
            "header",
            "X-Correlation-Id",
            text(
                "Under which the log is to have this request: up to 128 letters, digits and any "
                "of -_.: in ASCII. Anything else is passed over.",
                examples=["import-2026-11-22.17"],
            ),
        ),
    }


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": schema["description"],
        "schema": schema,
    }

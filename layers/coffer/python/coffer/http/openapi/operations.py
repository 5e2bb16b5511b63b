"""Every route of the API: what it is for, what it takes, and everything it can answer with.

The keys are those of `coffer.http.routes`; a test holds the two together, and others make each
answer happen that is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from coffer.http.openapi.administration import ADMINISTRATION
from coffer.http.openapi.bulk_operations import LOADING, in_bulk
from coffer.http.openapi.errors import (
    ALWAYS,
    BEARER,
    BODY,
    BUCKET,
    CHANGED,
    FILE_NAME,
    IDEMPOTENT,
    IDENTIFIER,
    IN_GROUP,
    JSON_BODY,
    NEGOTIATED,
    PERMISSION,
    RECORDS,
    REPEATED,
    SHAPES,
    STORE,
    VERSIONED,
    WRITTEN,
    Refusals,
    together,
)
from coffer.http.openapi.exports import OPERATIONS as EXPORTS
from coffer.http.openapi.history import HISTORY
from coffer.http.openapi.lookups import LOOKUPS
from coffer.http.openapi.operation import (
    ANY_TYPE,
    FORM,
    HTML,
    JSON_API_BODY,
    PLAIN_TEXT,
    Access,
    Body,
    Operation,
    Success,
    Tag,
)
from coffer.http.openapi.reading import READING
from coffer.http.openapi.vocabulary_operations import VOCABULARY
from coffer.http.responses import JSON, JSON_API

_FILE_HEADERS = (
    "ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition", "Cache-Control",
    "X-Content-Type-Options",
)  # fmt: skip


def _upload(identifier: str, what: str) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.FILES,
        access=Access.BEARER,
        summary=f"Store {what}",
        description=(
            "For small files; larger ones go straight to S3, see `/api/v1/upload/{bucket}`. What "
            "the file is follows from its content. Needs GUEST in the group. Answers a JSON:API "
            f"document where Accept names {JSON_API}, else the older flat object."
        ),
        parameters=("bucket", "idempotencyKey"),
        body=Body(schema="FileForm", media_types=(FORM,)),
        successes={
            200: Success(
                description="The file is stored; its record as a flat object.",
                content={JSON: "FlatObjectUpload"},
            ),
            201: Success(
                description="The file is stored; its record as a JSON:API document.",
                content={JSON_API: "ObjectUploadDocument"},
                headers=("Location", "ETag"),
            ),
        },
        refusals=together(
            IDEMPOTENT,
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, BUCKET, BODY, FILE_NAME, RECORDS, STORE,
            {400: ("malformed_form", "missing_file_part", "several_file_parts")},
            {413: ("file_too_large",), 415: ("media_type_forbidden",)},
        ),
    )  # fmt: skip


def _download(identifier: str, what: str, not_found: tuple[str, ...]) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.FILES,
        access=Access.BEARER,
        summary=f"Get {what}",
        description=(
            "Up to 4 MiB the bytes themselves, above that a redirect to a link that holds for five "
            "minutes. Needs READ_ONLY in the group, or a record that is publicly releasable. One "
            "range is served; several, or ranges in other units, get the whole."
        ),
        parameters=(
            "bucket", "fileId", "redirect", "disposition", "range", "ifRange", "ifNoneMatch",
        ),
        successes={
            200: Success(
                description="The file; with `redirect=false` a link to it.",
                content={ANY_TYPE: "", JSON: "DownloadLinkOrFile"},
                headers=("Cache-Control",),
            ),
            206: Success(
                description="The range of the file that was asked for.",
                content={ANY_TYPE: ""},
                headers=(*_FILE_HEADERS, "Content-Range"),
            ),
            304: Success(description="The caller has it already.", headers=_FILE_HEADERS),
            307: Success(
                description="The file is behind Location.",
                content={PLAIN_TEXT: "Sentence"},
                headers=("Location", "Cache-Control"),
            ),
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, BUCKET, IDENTIFIER, RECORDS, STORE,
            {400: ("malformed_parameter",), 404: not_found, 410: ("file_deleted",)},
            {416: ("range_not_satisfiable",)},
        ),
    )  # fmt: skip


def _look(identifier: str, what: str, not_found: tuple[str, ...]) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.FILES,
        access=Access.BEARER,
        summary=f"See what getting {what} would give",
        description="The headers of GET without the body, never a redirect.",
        parameters=("bucket", "fileId", "disposition", "ifNoneMatch"),
        successes={
            200: Success(
                description="The file is there.", headers=(*_FILE_HEADERS, "X-Content-Length")
            ),
            304: Success(description="The caller has it already.", headers=_FILE_HEADERS),
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, BUCKET, IDENTIFIER, RECORDS, STORE,
            {400: ("malformed_parameter",), 404: not_found, 410: ("file_deleted",)},
        ),
    )  # fmt: skip


def _handing_out(
    path: str, name: str, what: str, not_found: tuple[str, ...]
) -> Mapping[str, Operation]:
    return {
        f"GET {path}": _download(f"download{name}", what, not_found),
        f"HEAD {path}": _look(f"describe{name}", what, not_found),
    }


_MAIN = ("file_not_found", "file_rejected", "file_missing")
_THUMBNAIL = (*_MAIN, "thumbnail_pending", "thumbnail_failed", "thumbnail_unsupported")
_DERIVED = tuple(code for code in _THUMBNAIL if code != "thumbnail_unsupported")

_FILES: Mapping[str, Operation] = {
    "POST /api/v1/file/{bucket}": _upload("uploadFile", "a file"),
    "POST /api/v1/file/{bucket}/derivative": _upload(
        "uploadDerivative", "a file that was made from another one"
    ),
    **_handing_out("/api/v1/file/{bucket}/{fileId}", "File", "a file", _MAIN),
    **_handing_out(
        "/api/v1/file/{bucket}/derivative/{fileId}",
        "Derivative",
        "a derivative, or a generated thumbnail by its thumbnailIdentifier",
        _DERIVED,
    ),
    **_handing_out(
        "/api/v1/file/{bucket}/{fileId}/thumbnail",
        "Thumbnail",
        "the thumbnail of a file",
        _THUMBNAIL,
    ),
    "POST /api/v1/upload/{bucket}": Operation(
        identifier="offerUploads",
        tag=Tag.FILES,
        access=Access.BEARER,
        summary="Get signed forms that upload files straight to S3",
        description=(
            "Nothing is stored by this. Each form holds for an hour and takes exactly the file "
            "that was announced: post its fields in their order to its URL as "
            "multipart/form-data, the file as the last part, `file`. The record can be read as "
            "soon as the content has been looked into. Needs GUEST in the group."
        ),
        parameters=("bucket",),
        body=Body(schema="UploadRequest", media_types=JSON_API_BODY),
        successes={
            200: Success(
                description="The forms, in the order of the request.",
                content={JSON: "UploadOffers"},
            )
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, BUCKET, JSON_BODY, FILE_NAME,
            {400: ("malformed_file", "malformed_checksum", "more_problems")},
            {413: ("too_many_files", "file_too_large", "answer_too_large")},
            {422: ("no_files", "upload_grant_too_long", "file_too_large")},
        ),
    ),
}  # fmt: skip

_RECORDS: Mapping[str, Operation] = {
    "POST /api/v1/metadata": Operation(
        identifier="createMetadata",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="Describe a file, or a resource outside",
        description=(
            "A file is described once: whoever comes first has it. If a thumbnail is made of the "
            "file, it gets its derivative record with this. Needs GUEST in the group."
        ),
        parameters=("idempotencyKey",),
        body=Body(schema="NewMetadataDocument", media_types=JSON_API_BODY),
        successes={
            201: Success(
                description="The description, as it was stored.",
                content={JSON_API: "MetadataDocument"},
                headers=("Location", "ETag"),
            )
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, BUCKET, RECORDS,
            SHAPES, WRITTEN, IDEMPOTENT,
            {400: ("unknown_subtype",)},
            {409: ("file_already_described",)},
            {422: ("file_and_bucket_required", "file_and_external_resource", "upload_not_found",
                   "bucket_is_not_the_files", "unknown_managed_attribute",
                   "invalid_managed_attribute", "subtype_of_another_type",
                   "constraint_violation", "more_problems")},
        ),
    ),
}  # fmt: skip

_LISTS: Mapping[str, Operation] = {
    "GET /api/v1/media-type": Operation(
        identifier="listMediaTypes",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="List the media types that files may have",
        description=(
            "Those that are told apart and not refused, without parameters; all of them, in "
            "alphabetical order, unless the query asks for less. Any other operator is written in "
            "the place of LIKE: EQ, NEQ, IN, ILIKE, GT, GE, LT, LE."
        ),
        parameters=("filterMediaType", "likeMediaType", "sortMediaType", "offset", "limit"),
        successes={
            200: Success(description="The media types.", content={JSON_API: "MediaTypesDocument"})
        },
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, {400: ("malformed_parameter", "unknown_attribute")}
        ),
    ),
    "GET /api/v1/media-type/{id+}": Operation(
        identifier="getMediaType",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="See whether files may have a media type",
        description="The id is the media type itself, with its slash as it is or as %2F.",
        parameters=("mediaTypeId",),
        successes={200: Success(description="They may.", content={JSON_API: "MediaTypeDocument"})},
        refusals=together(ALWAYS, BEARER, NEGOTIATED, {404: ("media_type_not_found",)}),
    ),
}

_FIXED = ("bucket_is_fixed", "file_is_fixed", "constraint_violation", "more_problems")
_SOURCE = ("source_required", "source_not_found", "source_of_another_bucket",
           "thumbnail_without_format", "thumbnail_is_no_jpeg")  # fmt: skip
_CHANGE_NOTE = (
    "Only what is in the document changes; null clears, and a relationship is replaced. With "
    "`If-Match` only the version that it names."
)


def _change(
    kind: str, of: str, schema: str, parameter: str, needs: str, more: Refusals
) -> Operation:
    return Operation(
        identifier=f"update{kind}",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=f"Change {of}",
        description=f"{_CHANGE_NOTE} {needs}",
        parameters=(parameter, "ifMatch"),
        body=Body(schema=schema, media_types=JSON_API_BODY),
        successes={
            200: Success(
                description="The record as it is now.",
                content={JSON_API: f"{kind}Document"},
                headers=("ETag",),
            )
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, IDENTIFIER, RECORDS,
            SHAPES, CHANGED, VERSIONED, WRITTEN, more,
        ),
    )  # fmt: skip


def _deletion(kind: str, of: str, parameter: str, note: str, more: Refusals) -> Operation:
    return Operation(
        identifier=f"delete{kind}",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary=f"Delete {of}",
        description=f"{note} With `If-Match` only the version that it names.",
        parameters=(parameter, "ifMatch"),
        successes={204: Success(description="It is gone.")},
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, IDENTIFIER, RECORDS, VERSIONED, WRITTEN, more
        ),
    )


def _new_derivative(identifier: str, note: str) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="Record a file that was made from another one",
        description=(
            "A file is recorded once: whoever comes first has it. If what it was made from has no "
            f"thumbnail yet, one is made of this. Needs GUEST in the file's group.{note}"
        ),
        parameters=("idempotencyKey",),
        body=Body(schema="NewDerivativeDocument", media_types=JSON_API_BODY),
        successes={
            201: Success(
                description="The record, as it was stored.",
                content={JSON_API: "DerivativeDocument"},
                headers=("Location", "ETag"),
            )
        },
        refusals=together(
            ALWAYS, BEARER, IN_GROUP, NEGOTIATED, JSON_BODY, RECORDS, SHAPES, WRITTEN, IDEMPOTENT,
            {409: ("file_already_described",)},
            {422: ("file_required", "upload_not_found", "upload_is_no_derivative", *_SOURCE,
                   "constraint_violation", "more_problems")},
        ),
    )  # fmt: skip


_CHANGES: Mapping[str, Operation] = {
    "PATCH /api/v1/object-upload/{id}": _change(
        "ObjectUpload", "what was found out about a file", "ObjectUploadChangesDocument",
        "uploadId", "Needs DINA_ADMIN in the realm.",
        {404: ("upload_not_found",), 410: ("upload_deleted",),
         422: ("constraint_violation", "more_problems")},
    ),
    "DELETE /api/v1/object-upload/{id}": _deletion(
        "ObjectUpload", "a file", "uploadId",
        "Its bytes and its thumbnail go, too. Needs DINA_ADMIN in the realm.",
        {404: ("upload_not_found",), 409: ("upload_in_use",), 410: ("upload_deleted",)},
    ),
    "PATCH /api/v1/metadata/{id}": _change(
        "Metadata", "a description", "MetadataChangesDocument", "metadataId",
        "A record stays with its file; one of a resource outside may move to another bucket. "
        "Needs GUEST in the group.",
        {400: ("malformed_bucket", "unknown_subtype"), 404: ("metadata_not_found",),
         410: ("metadata_deleted",),
         422: (*_FIXED, "file_and_external_resource", "file_or_external_resource_required",
               "unknown_managed_attribute")},
    ),
    "DELETE /api/v1/metadata/{id}": _deletion(
        "Metadata", "a description", "metadataId",
        "Its derivatives go with it; the files stay, and may be described again. Needs SUPER_USER "
        "in the group.",
        {404: ("metadata_not_found",), 410: ("metadata_deleted",)},
    ),
    "POST /api/v1/derivative": _new_derivative("createDerivative", ""),
    "POST /api/v1/derivative/{proxy+}": _new_derivative(
        "createDerivativeAtSlash",
        " The path ends in its slash, as old clients call it; anything behind it is no route.",
    ),
    "PATCH /api/v1/derivative/{id}": _change(
        "Derivative", "a derivative", "DerivativeChangesDocument", "derivativeId",
        "Needs GUEST in the group.",
        {404: ("derivative_not_found",), 410: ("derivative_deleted",), 422: (*_FIXED, *_SOURCE)},
    ),
    "DELETE /api/v1/derivative/{id}": _deletion(
        "Derivative", "a derivative", "derivativeId",
        "Its file stays, and may be recorded again. Needs USER in the group.",
        {404: ("derivative_not_found",), 410: ("derivative_deleted",)},
    ),
}  # fmt: skip


def _codes_of(key: str, *besides: str) -> Refusals:
    """What a route for one record refuses, without what only concerns a single one."""
    return {
        status: tuple(code for code in codes if code not in besides)
        for status, codes in {**_RECORDS, **_CHANGES}[key].refusals.items()
        if status not in (412,)
    }


_IN_BULK: Mapping[str, Operation] = {
    "POST /api/v1/metadata/bulk": in_bulk(
        "createMetadataInBulk", "Describe many files, or resources outside",
        "NewMetadataInBulk", "MetadataInBulk", _codes_of("POST /api/v1/metadata"),
    ),
    "PATCH /api/v1/metadata/bulk": in_bulk(
        "updateMetadataInBulk", "Change many descriptions", "MetadataChangesInBulk",
        "MetadataInBulk",
        together(_codes_of("PATCH /api/v1/metadata/{id}", "wrong_identifier"), REPEATED),
    ),
    "POST /api/v1/derivative/bulk": in_bulk(
        "createDerivativesInBulk", "Record many files that were made from others",
        "NewDerivativesInBulk", "DerivativesInBulk", _codes_of("POST /api/v1/derivative"),
    ),
    "PATCH /api/v1/derivative/bulk": in_bulk(
        "updateDerivativesInBulk", "Change many derivatives", "DerivativeChangesInBulk",
        "DerivativesInBulk",
        together(_codes_of("PATCH /api/v1/derivative/{id}", "wrong_identifier"), REPEATED),
    ),
}  # fmt: skip

_SERVICE: Mapping[str, Operation] = {
    "GET /api/v1/health": Operation(
        identifier="getHealth",
        tag=Tag.SERVICE,
        access=Access.ANYONE,
        summary="See whether the API lives",
        description="Asks nothing that stands behind the API.",
        successes={200: Success(description="It lives.", content={JSON: "Health"})},
        refusals=together(ALWAYS, NEGOTIATED),
    ),
    "GET /api/v1/openapi.json": Operation(
        identifier="getDescription",
        tag=Tag.SERVICE,
        access=Access.ANYONE,
        summary="Get this description",
        description="An OpenAPI 3.1 document of all routes, with the limits of this deployment.",
        successes={200: Success(description="The description.", content={JSON: "OpenApi"})},
        refusals=together(ALWAYS, NEGOTIATED),
    ),
    "GET /api/v1/docs": Operation(
        identifier="getDocs",
        tag=Tag.SERVICE,
        access=Access.ANYONE,
        summary="Read this description in a browser",
        description="A page that needs nothing else but this description, and runs only itself.",
        successes={
            200: Success(
                description="The page.",
                content={HTML: "Page"},
                headers=("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"),
            )
        },
        refusals=together(ALWAYS, NEGOTIATED),
    ),
}


def _authorize(identifier: str, summary: str, description: str) -> Operation:
    return Operation(
        identifier=identifier,
        tag=Tag.RAWSTORE,
        access=Access.PERMISSION,
        summary=summary,
        description=description,
        parameters=("service",),
        body=Body(schema="PackageRequest", media_types=(JSON, ANY_TYPE)),
        successes={
            200: Success(
                description="A form for each file, all valid for an hour.",
                content={JSON: "SignedPackage"},
            )
        },
        refusals=together(
            ALWAYS, PERMISSION,
            {
                400: (
                    "malformed_json",
                    "no_metadata",
                    "no_filedata",
                    "bad_metadata",
                    "bad_owner",
                    "bad_files",
                )
            },
            {401: ("wrong_owner",), 403: ("no_upload_permission", "quota_exceeded")},
            {413: ("too_many_files", "answer_too_large")},
            {503: ("storage_keys_unavailable", "usage_unavailable")},
        ),
    )  # fmt: skip


_RAWSTORE: Mapping[str, Operation] = {
    "POST /{service}/authorize": _authorize(
        "authorizeUploads",
        "Get signed forms that upload the files of a dataset",
        "Every file is signed for, or none. The body is JSON, whatever its Content-Type says. "
        "Needs a permission token of the owner, for this service, that lets uploads through.",
    ),
    "POST /{service}/{proxy+}": _authorize(
        "authorizeUploadsAtRoot",
        "The same, at the path that the oldest clients know",
        "As `/{service}/authorize`. The path ends in its slash; anything behind it is no route.",
    ),
    "GET /{service}/info": Operation(
        identifier="listPrefixes",
        tag=Tag.RAWSTORE,
        access=Access.PERMISSION,
        summary="See where the files of a user can be",
        description="For the user of the permission token, which has to be for this service. Says "
        "something only where keys begin with their owner, as they do by default.",
        parameters=("service",),
        successes={
            200: Success(description="The beginnings of addresses.", content={JSON: "Prefixes"})
        },
        refusals=together(ALWAYS, PERMISSION),
    ),
    "GET /{service}/presign": Operation(
        identifier="presignDownload",
        tag=Tag.RAWSTORE,
        access=Access.PERMISSION,
        summary="Get a link to a file of one's own",
        description="The link holds for a day. Takes the address of a file in this store in any of "
        "its forms, path-style or with the bucket as host, percent-encoded or not. A public file's "
        "address is answered as it came. The token may also be for the service `source`.",
        parameters=("service", "fileUrl", "ownerid"),
        successes={200: Success(description="The link.", content={JSON: "PresignedFile"})},
        refusals=together(
            ALWAYS,
            PERMISSION,
            {400: ("no_url",), 401: ("no_owner",)},
            {403: ("wrong_owner", "foreign_url", "foreign_file")},
            {503: ("store_unavailable", "storage_keys_unavailable")},
        ),
    ),
}

OPERATIONS: Mapping[str, Operation] = {
    **_FILES,
    **_RECORDS,
    **READING,
    **_CHANGES,
    **_IN_BULK,
    **LOADING,
    **HISTORY,
    **_LISTS,
    **VOCABULARY,
    **LOOKUPS,
    **ADMINISTRATION,
    **EXPORTS,
    **_SERVICE,
    **_RAWSTORE,
}
"""By route key."""

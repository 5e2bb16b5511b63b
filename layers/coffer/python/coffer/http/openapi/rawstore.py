"""Schemas and operations of the rawstore API. Names and shapes are those of BitStore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coffer.domain.rawstore.datasets import DEFAULT_TYPE, MAX_FILE_BYTES, MAX_FILES, PRIVATE
from coffer.domain.rawstore.keys import MAX_KEY_BYTES
from coffer.domain.rawstore.validation import MAX_LENGTH
from coffer.http.openapi import schemas as s
from coffer.http.openapi.operation import Access, Body, Operation, Tag, plain_json
from coffer.http.responses import JSON

_HEADER_VALUE = {"maxLength": MAX_LENGTH, "pattern": "^([!-~]([ -~]*[!-~])?)?$"}
_MD5_PATTERN = "^([A-Za-z0-9+/]{22}==|[0-9A-Fa-f]{32})$"


def _name(description: str) -> s.Schema:
    pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
    return s.nullable(s.string(description, maxLength=MAX_LENGTH, pattern=pattern))


# fmt: off
_SIGNED = s.mapping("Presigned POSTs, by the paths of the request.", s.reference("SignedFile"))

SCHEMAS: s.Properties = {
    "PackageRequest": s.structure("A dataset whose files are to be uploaded.", {
        "metadata": s.reference("Package", "Dataset."),
        "filedata": s.mapping(
            "Files by their paths in the dataset.", s.reference("PackageFile"),
            maxProperties=MAX_FILES,
            propertyNames={
                "description": "Path. No segment between slashes is empty, '.' or '..'.",
                "minLength": 1, "maxLength": MAX_KEY_BYTES,
            }),
    }),
    "Package": s.structure("A dataset.", {
        "owner": s.string("Owner of the dataset: the userid of the token.", minLength=1,
                          **_HEADER_VALUE),
        "dataset": _name("Name of the dataset. It is a part of the keys."),
        "name": _name("Name of the dataset, from old clients. The response then has fileData."),
        "findability": s.nullable(s.string(
            f"'{PRIVATE}', in any case, keeps the files private. Other values are only stored.",
            examples=["published"], **_HEADER_VALUE)),
    }, required=("owner",)),
    "PackageFile": s.structure("A file of the dataset.", {
        "length": s.integer("Size in bytes.", minimum=0, maximum=MAX_FILE_BYTES),
        "md5": s.string("MD5 of the content, in base64 or hexadecimal.", pattern=_MD5_PATTERN),
        "type": s.nullable(s.string(f"Media type. Default: {DEFAULT_TYPE}.", examples=["text/csv"],
                                    **_HEADER_VALUE)),
        "name": _name("Name of the file. Default: the last segment of its path."),
    }, required=("length", "md5")),
    "SignedPackage": s.structure("Presigned POSTs of a dataset.", {
        "filedata": _SIGNED,
        "fileData": {**_SIGNED, "description": "The same, if the request has `name`."},
    }, required=("filedata",)),
    "SignedFile": s.structure("The presigned POST of one file.", {
        "upload_url": s.uri("Address that the form is sent to."),
        "upload_query": s.mapping("Fields of the form. The file is the last field.",
                                  s.string("Value of the field.")),
        "exists": s.boolean("True if the store has the file already. It need not be uploaded."),
        "md5": s.string("MD5 of the content, in base64."),
        "md5-hash": s.string("MD5 of the content, under its older name."),
        "name": s.string("Name of the file."),
        "type": s.string("Media type."),
        "length": s.integer("Size in bytes.", minimum=0),
    }),
    "PresignedFile": s.structure("A link to a file.", {
        "url": s.uri("Address at which the file can be downloaded."),
    }),
    "AddressPrefixes": s.structure("Beginnings of the addresses of a user's files.", {
        "prefixes": s.array("Beginnings, the current one first.", s.uri("Beginning."), minItems=1),
    }),
}

_AUTHORIZE = Operation(
    "authorizeUploads", Tag.RAWSTORE, "Create presigned POSTs that upload the files of a dataset",
    "Either all files get a presigned POST or none. The body is parsed as JSON with any "
    "Content-Type. Requires a permission token of the owner for this service that allows uploads.",
    access=Access.PERMISSION, parameters="service", body=Body("PackageRequest", (JSON,)),
    successes=plain_json("A presigned POST for each file, valid for an hour.", "SignedPackage"),
    errors="400 malformed_json no_metadata no_filedata bad_metadata bad_owner bad_files "
    "401 wrong_owner 403 no_upload_permission quota_exceeded 413 too_many_files answer_too_large "
    "503 storage_keys_unavailable usage_unavailable")

OPERATIONS: Mapping[str, Operation] = {
    "POST /{service}/authorize": _AUTHORIZE,
    "POST /{service}/{proxy+}": replace(
        _AUTHORIZE, identifier="authorizeUploadsAtRoot",
        description=f"{_AUTHORIZE.description} The path ends in a slash, for the oldest clients. "
        "A longer path has no route."),
    "GET /{service}/info": Operation(
        "listPrefixes", Tag.RAWSTORE, "List the beginnings of the addresses of a user's files",
        "Of the user of the permission token, which must be for this service. Useful only if keys "
        "begin with their owner, which is the default.",
        access=Access.PERMISSION, parameters="service",
        successes=plain_json("Beginnings of addresses.", "AddressPrefixes")),
    "GET /{service}/presign": Operation(
        "presignDownload", Tag.RAWSTORE, "Create a link to one of the user's files",
        "The link works for a day. The address may be path-style or have the bucket as host, and "
        "may be percent-encoded. The address of a public file is returned unchanged. The token may "
        "also be for the service `source`.",
        access=Access.PERMISSION, parameters="service fileUrl ownerid",
        successes=plain_json("The link.", "PresignedFile"),
        errors="400 no_url 401 no_owner 403 wrong_owner foreign_url foreign_file "
        "503 store_unavailable storage_keys_unavailable"),
}
# fmt: on

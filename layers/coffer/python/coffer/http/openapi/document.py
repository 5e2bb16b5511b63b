"""The OpenAPI 3.1 document, assembled from the tables of this package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from coffer import __version__
from coffer.http.openapi import exports, files, rawstore, records, service, sessions, vocabulary
from coffer.http.openapi import schemas as s
from coffer.http.openapi.operation import Access, Operation, Success, Tag
from coffer.http.openapi.parameters import HEADERS, PARAMETERS, SECURITY_SCHEMES
from coffer.http.responses import JSON, JSON_API

OPERATIONS: Mapping[str, Operation] = {
    **files.OPERATIONS,
    **sessions.OPERATIONS,
    **records.OPERATIONS,
    **vocabulary.OPERATIONS,
    **exports.OPERATIONS,
    **service.OPERATIONS,
    **rawstore.OPERATIONS,
}
"""All operations by route key."""

_TAGS = {
    Tag.FILES: "Uploads and downloads.",
    Tag.RECORDS: "Metadata, derivatives and object uploads.",
    Tag.VOCABULARY: "Terms that metadata uses, and settings.",
    Tag.EXPORTS: "Archives of many files, and the keys that open them.",
    Tag.RAWSTORE: "The rawstore (BitStore) API: presigned uploads of datasets.",
    Tag.SERVICE: "Administration, and the API itself.",
}
_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.BEARER: [{"bearerToken": []}],
    Access.PERMISSION: [{"permissionToken": []}, {"permissionTokenInQuery": []}],
}
_GATEWAY_STATUSES = (413, 429, 500, 503)
"""Statuses of errors that the gateway itself can return, before or after a function runs."""
_ERROR_HEADERS = {401: "WWW-Authenticate", 404: "Retry-After", 416: "Content-Range",
                  503: "Retry-After"}  # fmt: skip


def document_template() -> str:
    """Return the document as JSON, with placeholders for the values of a deployment."""
    modules = (files, sessions, records, vocabulary, exports, service, rawstore)
    document = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "Coffer",
            "version": __version__,
            "summary": "A serverless object store with metadata, thumbnails and exports.",
            "description": "The object store API below `/api/v1` uses JSON:API. The rawstore API "
            "below its own name has the format of BitStore. Later versions can add members to "
            "responses; ignore members that you do not know.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server of this document."}],
        "tags": [{"name": tag, "description": text} for tag, text in _TAGS.items()],
        "paths": _paths(),
        "components": {
            "schemas": {name: one for module in modules for name, one in module.SCHEMAS.items()},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def documented_path(path: str) -> str:
    """Return the path of a route as the document has it.

    `{proxy+}` stands for a trailing slash, which the gateway does not accept in a route. The values
    of other greedy variables can have slashes.
    """
    return path.replace("{proxy+}", "").replace("+}", "}")


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for key, operation in OPERATIONS.items():
        method, _, path = key.partition(" ")
        item = paths.setdefault(documented_path(path), {})
        item[method.lower()] = _operation(operation, has_body=method != "HEAD")
    return paths


def _operation(operation: Operation, *, has_body: bool) -> dict[str, Any]:
    names = (*operation.parameters.split(), "correlationId")
    described: dict[str, Any] = {
        "operationId": operation.identifier,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _SECURITY[operation.access],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
    }
    if operation.body is not None:
        schema = s.reference(operation.body.schema)
        content = {media_type: {"schema": schema} for media_type in operation.body.media_types}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = {
        **{str(status): _success(one) for status, one in operation.successes.items()},
        **{
            str(status): _error(status, codes, operation, has_body=has_body)
            for status, codes in operation.error_codes.items()
        },
    }
    return described


def _success(success: Success) -> dict[str, Any]:
    described: dict[str, Any] = {"description": success.description}
    if success.headers:
        described["headers"] = _headers(*success.headers)
    if success.content is not None:
        described["content"] = {
            media_type: {"schema": s.reference(name)}
            for media_type, name in success.content.items()
        }
    return described


def _error(
    status: int, codes: tuple[str, ...], operation: Operation, *, has_body: bool
) -> dict[str, Any]:
    """Return the response of a status. Codes are of the API; without codes it is the gateway's."""
    is_rawstore = operation.access is Access.PERMISSION
    is_gateway = status in _GATEWAY_STATUSES
    causes = [f"`{code}`" for code in codes] + (["an error of the gateway"] if is_gateway else [])
    described: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(causes)}."
    }
    header = _ERROR_HEADERS.get(status)
    if header and not (is_rawstore and header == "Retry-After"):
        described["headers"] = _headers(header)
    if has_body:
        own = (JSON_API, "ErrorDocument")
        if is_rawstore or operation.has_message:
            own = (JSON, "RawstoreErrorDocument" if is_rawstore else "UppyErrorDocument")
        # Generated clients look only at the first media type, so each has both schemas.
        sources = [own] * bool(codes) + [(JSON, "GatewayMessage")] * is_gateway
        schema = _any_of([name for _, name in sources])
        described["content"] = {media_type: {"schema": schema} for media_type, _ in sources}
    return described


def _any_of(names: list[str]) -> s.Schema:
    references = [s.reference(name) for name in names]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

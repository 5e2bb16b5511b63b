"""The OpenAPI 3.1 document, put together from the tables of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from coffer import __version__
from coffer.http.openapi import (
    administration,
    bodies,
    errors,
    exports,
    history,
    lists,
    lookups,
    rawstore,
    records,
    vocabulary,
)
from coffer.http.openapi import responses as answers
from coffer.http.openapi.operation import Access, Operation, Success, Tag
from coffer.http.openapi.operations import OPERATIONS
from coffer.http.openapi.parts import HEADERS, SECURITY_SCHEMES, parameters
from coffer.http.responses import JSON, JSON_API

_TAGS = {
    Tag.FILES: "Files, in and out.",
    Tag.RECORDS: "What is known of files, and what is said of them.",
    Tag.VOCABULARY: "The words that metadata is written in.",
    Tag.EXPORTS: "Many files in one archive, and the keys to it.",
    Tag.RAWSTORE: "The rawstore (BitStore) API: signed uploads of datasets.",
    Tag.SERVICE: "The API itself.",
}
_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.BEARER: [{"bearerToken": []}],
    Access.PERMISSION: [{"permissionToken": []}, {"permissionTokenInQuery": []}],
}
_RETRY_STATUSES = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What differs between deployments. Sizes are bytes."""

    rawstore: str
    """The first path segment of the rawstore API."""
    max_direct_upload_bytes: int
    max_post_bytes: int


def describe(deployment: Deployment) -> dict[str, Any]:
    """The document that describes this deployment, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": _info(),
        "servers": [{"url": "/", "description": "Where this document came from."}],
        "tags": [{"name": tag, "description": text} for tag, text in _TAGS.items()],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(deployment),
            "parameters": parameters(rawstore=deployment.rawstore),
            "headers": dict(HEADERS),
            "securitySchemes": dict(SECURITY_SCHEMES),
        },
    }


def documented_path(path: str) -> str:
    """The path of a route as it is documented.

    `{proxy+}` stands for the path with a trailing slash that it was made for: the gateway takes no
    such path as a route. Any other greedy variable is one that may hold slashes.
    """
    return path.replace("{proxy+}", "").replace("+}", "}")


def _info() -> dict[str, Any]:
    return {
        "title": "Coffer",
        "version": __version__,
        "summary": "A serverless object store: files in, found out, described, and out again.",
        "description": (
            "Below `/api/v1` the object store, in JSON:API; below the name of the rawstore its "
            "older sibling, in a form of its own. Answers may gain members: pass over those you "
            "do not know."
        ),
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }


def _schemas(deployment: Deployment) -> dict[str, Any]:
    return {
        **records.SCHEMAS,
        **lists.SCHEMAS,
        **bodies.schemas(
            max_direct_upload_bytes=deployment.max_direct_upload_bytes,
            max_post_bytes=deployment.max_post_bytes,
        ),
        **answers.SCHEMAS,
        **vocabulary.SCHEMAS,
        **lookups.SCHEMAS,
        **administration.SCHEMAS,
        **exports.SCHEMAS,
        **history.SCHEMAS,
        **rawstore.SCHEMAS,
        **errors.SCHEMAS,
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for key, operation in OPERATIONS.items():
        method, _, path = key.partition(" ")
        item = paths.setdefault(documented_path(path), {})
        item[method.lower()] = _operation(operation, has_body=method != "HEAD")
    return paths


def _operation(operation: Operation, *, has_body: bool) -> dict[str, Any]:
    named = (*operation.parameters, "correlationId")
    described: dict[str, Any] = {
        "operationId": operation.identifier,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _SECURITY[operation.access],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in named],
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{operation.body.schema}"}
        content = {media_type: {"schema": schema} for media_type in operation.body.media_types}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = {
        **{str(status): _success(answer) for status, answer in operation.successes.items()},
        **{
            str(status): _refusal(operation, status, codes, has_body=has_body)
            for status, codes in operation.refusals.items()
        },
    }
    return described


def _success(answer: Success) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        described["headers"] = _headers(answer.headers)
    if answer.content is not None:
        described["content"] = {
            media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}} if name else {}
            for media_type, name in answer.content.items()
        }
    return described


def _refusal(
    operation: Operation, status: int, codes: tuple[str, ...], *, has_body: bool
) -> dict[str, Any]:
    rawstore_form = operation.access is Access.PERMISSION
    described: dict[str, Any] = {"description": _why(status, codes)}
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = _headers(("WWW-Authenticate",))
    elif status in _RETRY_STATUSES and not rawstore_form:
        described["headers"] = _headers(("Retry-After",))
    elif status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        described["headers"] = _headers(("Content-Range",))
    if not has_body:
        return described
    forms: list[tuple[str, dict[str, Any]]] = []
    if codes:
        media_type = JSON if rawstore_form else JSON_API
        forms.append((media_type, errors.error_schema(rawstore=rawstore_form)))
    if status in errors.GATEWAY_STATUSES:
        forms.append((JSON, {"$ref": "#/components/schemas/GatewayMessage"}))
    described["content"] = _content(forms)
    return described


def _content(forms: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The schema of each media type; where a type comes in two forms, either of them."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for media_type, schema in forms:
        by_type.setdefault(media_type, []).append(schema)
    return {
        media_type: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
        for media_type, schemas in by_type.items()
    }


def _why(status: int, codes: tuple[str, ...]) -> str:
    phrase = HTTPStatus(status).phrase
    listed = ", ".join(f"`{code}`" for code in codes)
    gateway = status in errors.GATEWAY_STATUSES
    if not codes:
        return f"{phrase}, said by the gateway itself."
    return f"{phrase}: {listed}" + ("; or said by the gateway itself." if gateway else ".")


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

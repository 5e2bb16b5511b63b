"""The OpenAPI document, and checks that a response is one that it describes."""

from __future__ import annotations

import copy
import gzip
import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from coffer.http.docs.document import openapi_document
from coffer.http.openapi.deployment import Deployment
from coffer.http.openapi.document import OPERATIONS, documented_path
from coffer.settings import rawstore_settings, upload_settings
from local.gateway.api import Response

FORMATS = FormatChecker(("uuid", "date-time"))


@FORMATS.checks("uri")
def _is_absolute(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme and parts.netloc)


@cache
def description() -> dict[str, Any]:
    """Return the document that `describe_api` serves."""
    deployment = Deployment(
        service_name=rawstore_settings.service_name,
        max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
        max_post_bytes=upload_settings.max_post_bytes,
    )
    document: dict[str, Any] = json.loads(openapi_document(deployment))
    return document


def schema_named(name: str) -> dict[str, Any]:
    """Return one of the document's schemas."""
    schema: dict[str, Any] = description()["components"]["schemas"][name]
    return schema


@cache
def strict_description() -> dict[str, Any]:
    """Return the document with every object closed, so that no response has further members."""
    document = copy.deepcopy(description())
    _close(document["components"]["schemas"])
    return document


def operation_of(key: str) -> dict[str, Any]:
    """Return the operation of a route."""
    method, _, path = key.partition(" ")
    operation: dict[str, Any] = strict_description()["paths"][documented_path(path)][method.lower()]
    return operation


def validator_of(schema: dict[str, Any]) -> Validator:
    """Return a validator of a schema with references into the document."""
    components = strict_description()["components"]
    return Draft202012Validator({**schema, "components": components}, format_checker=FORMATS)


def validator_named(name: str) -> Validator:
    """Return a validator of one of the document's schemas."""
    return validator_of({"$ref": f"#/components/schemas/{name}"})


FILE_CONTENT = {"$ref": "#/components/schemas/FileContent"}
"""The schema of bytes, which a JSON Schema cannot validate."""


def check(key: str, response: Response) -> None:
    """Assert that the document describes this response of a route: status, headers and content."""
    described = operation_of(key)["responses"].get(str(response.status))
    assert described is not None, f"{key} has no response {response.status}"
    success = OPERATIONS[key].successes.get(response.status)
    if success is not None:
        missing = [name for name in success.headers if response.header(name) is None]
        assert missing == [], f"{key} {response.status} lacks {missing}"
    if not key.startswith("HEAD "):
        _check_content(described, response)
        _check_codes(key, response)


def _check_content(described: dict[str, Any], response: Response) -> None:
    media_type = (response.header("content-type") or "").partition(";")[0]
    content = described.get("content", {})
    if "content" not in described:
        assert response.body == b"", f"a body where none is described: {response.body[:80]!r}"
        return
    described_as = content.get(media_type) or content.get("*/*")
    assert described_as is not None, f"{media_type} is not described"
    schema = described_as["schema"]
    if schema != FILE_CONTENT:
        is_compressed = response.header("content-encoding") == "gzip"
        text = (gzip.decompress(response.body) if is_compressed else response.body).decode()
        validator_of(schema).validate(json.loads(text) if media_type.endswith("json") else text)


def _check_codes(key: str, response: Response) -> None:
    if response.status < 400:
        return
    document = response.json()
    codes = OPERATIONS[key].error_codes
    if "errors" in document:
        # Errors with several statuses come together as 400, and each keeps its own status.
        statuses = {error["status"] for error in document["errors"]}
        assert statuses == {str(response.status)} or (response.status == 400 and len(statuses) > 1)
        for error in document["errors"]:
            described = codes.get(int(error["status"]), ())
            assert error["code"] in described, f"{error['code']} with {error['status']}"
    elif "error" in document:
        assert document["error"]["code"] in codes[response.status]


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for one in schema:
            _close(one)
    elif isinstance(schema, dict):
        for one in schema.values():
            _close(one)
        is_object = schema.get("type") in ("object", ["object", "null"])
        if is_object and isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)

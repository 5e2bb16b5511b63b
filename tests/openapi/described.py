"""The API's description, and whether an answer is one that it describes."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from coffer.http.openapi import Deployment, describe, documented_path
from coffer.http.openapi.operations import OPERATIONS
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
    """The document, as `describe_api` serves it."""
    return describe(
        Deployment(
            rawstore=rawstore_settings.service_name,
            max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
            max_post_bytes=upload_settings.max_post_bytes,
        )
    )


@cache
def strict_description() -> dict[str, Any]:
    """The document with every object closed, so that an answer with more in it is found out."""
    document = copy.deepcopy(description())
    _close(document["components"]["schemas"])
    return document


def operation_of(key: str) -> dict[str, Any]:
    """What the document says of a route."""
    method, _, path = key.partition(" ")
    operation: dict[str, Any] = strict_description()["paths"][documented_path(path)][method.lower()]
    return operation


def validator_of(schema: dict[str, Any]) -> Validator:
    """A validator of a schema of the document; references go into its components."""
    components = strict_description()["components"]
    return Draft202012Validator({**schema, "components": components}, format_checker=FORMATS)


def validator_named(name: str) -> Validator:
    """A validator of one of the document's components."""
    return validator_of({"$ref": f"#/components/schemas/{name}"})


def check(key: str, response: Response) -> None:
    """Assert that the description foresees this answer of a route: its status, headers, content."""
    described = operation_of(key)["responses"].get(str(response.status))
    assert described is not None, f"{key} does not say that it answers {response.status}"
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
    assert media_type in content or "*/*" in content, f"{media_type} is not described"
    schema = content.get(media_type, {}).get("schema")
    if schema is not None:
        value = response.json() if media_type.endswith("json") else response.text
        validator_of(schema).validate(value)


def _check_codes(key: str, response: Response) -> None:
    if response.status < 400:
        return
    document = response.json()
    foreseen = OPERATIONS[key].refusals[response.status]
    if "errors" in document:
        # 400 where refusals of several kinds come together; each keeps its own status.
        statuses = {error["status"] for error in document["errors"]}
        assert statuses == {str(response.status)} or (response.status == 400 and len(statuses) > 1)
        for error in document["errors"]:
            refused = OPERATIONS[key].refusals.get(int(error["status"]), ())
            assert error["code"] in refused, f"{error['code']} with {error['status']}"
    elif "error" in document:
        assert document["error"]["code"] in foreseen


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

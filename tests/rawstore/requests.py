"""Requests of a BitStore client, and the forms that it posts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import s3_forms

MAY_UPLOAD = {"datapackage-upload": True}


def md5_of(body: bytes) -> str:
    """Return the MD5 in base64, as all clients send it."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def describe(body: bytes, **more: Any) -> dict[str, Any]:
    """Return the description of one file in a request."""
    return {"length": len(body), "md5": md5_of(body), **more}


def package(files: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return a request for `authorize`; by default for owner u1 and dataset d."""
    return {"metadata": {"owner": "u1", "dataset": "d", **metadata}, "filedata": dict(files)}


def token(
    stack: LocalStack,
    *,
    user: str = "u1",
    service: str = "rawstore",
    permissions: Mapping[str, Any] = MAY_UPLOAD,
    expires_seconds: int | None = None,
) -> str:
    """Return a permission token of the stack's auth server."""
    assert stack.permission_tokens is not None
    return stack.permission_tokens.sign(user, service, permissions, expires_seconds)


def authorize(
    stack: LocalStack, request: Any, *, path: str = "/rawstore/authorize", **claims: Any
) -> Response:
    """POST a request with a valid token, or with other claims."""
    headers = {"Auth-Token": token(stack, **claims)}
    return stack.request("POST", path, headers=headers, json_body=request)


def files_of(response: Response) -> dict[str, Any]:
    """Return the files of a response, by path."""
    assert response.status == 200, response.text
    files: dict[str, Any] = response.json()["filedata"]
    return files


def error_of(response: Response) -> tuple[int, str]:
    """Return status and code of an error, which must have exactly BitStore's body."""
    document = response.json()
    assert response.header("content-type") == "application/json"
    assert set(document) == {"error"}
    assert set(document["error"]) - {"files"} == {"message", "code"}
    return response.status, document["error"]["code"]


def post(file: Mapping[str, Any], body: bytes, **changes: str | None) -> int:
    """Post a file with its signed form; fields can be changed, or left out with None."""
    fields = {**file["upload_query"], **changes}
    url = urlsplit(file["upload_url"])
    kept = {name: value for name, value in fields.items() if value is not None}
    return s3_forms.post(url.netloc, url.path, kept, body)

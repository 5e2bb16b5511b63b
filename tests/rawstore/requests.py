"""What a BitStore client sends, and the forms it then posts."""

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
    """As all clients spell it: base64."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def describe(body: bytes, **more: Any) -> dict[str, Any]:
    """What a request says of one file."""
    return {"length": len(body), "md5": md5_of(body), **more}


def package(files: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """A request for `authorize`, by owner u1 for the dataset d unless told otherwise."""
    return {"metadata": {"owner": "u1", "dataset": "d", **metadata}, "filedata": dict(files)}


def token(
    stack: LocalStack,
    *,
    user: str = "u1",
    service: str = "rawstore",
    permissions: Mapping[str, Any] = MAY_UPLOAD,
    expires_seconds: int | None = None,
) -> str:
    """A permission token of the stack's own auth server."""
    assert stack.permission_tokens is not None
    return stack.permission_tokens.sign(user, service, permissions, expires_seconds)


def authorize(
    stack: LocalStack, request: Any, *, path: str = "/rawstore/authorize", **claims: Any
) -> Response:
    """POST a request with a good token, or one with other claims."""
    headers = {"Auth-Token": token(stack, **claims)}
    return stack.request("POST", path, headers=headers, json_body=request)


def files_of(response: Response) -> dict[str, Any]:
    """The answer's files by path."""
    assert response.status == 200, response.text
    files: dict[str, Any] = response.json()["filedata"]
    return files


def error_of(response: Response) -> tuple[int, str]:
    """Status and code of a refusal, which must have BitStore's body and nothing else."""
    document = response.json()
    assert response.header("content-type") == "application/json"
    assert set(document) == {"error"}
    assert set(document["error"]) - {"files"} == {"message", "code"}
    return response.status, document["error"]["code"]


def post(file: Mapping[str, Any], body: bytes, **changes: str | None) -> int:
    """Post a file by its signed form, with some fields changed (or, by None, left out)."""
    fields = {**file["upload_query"], **changes}
    url = urlsplit(file["upload_url"])
    kept = {name: value for name, value in fields.items() if value is not None}
    return s3_forms.post(url.netloc, url.path, kept, body)

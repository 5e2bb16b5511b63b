"""Requests as the gateway sends them (payload format 2.0)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from coffer.http.requests import Request
from coffer.http.responses import Response

JSON_API = "application/vnd.api+json"


def make_event(
    route_key: str = "GET /api/v1/metadata/{id}",
    *,
    path: str | None = None,
    variables: Mapping[str, str] | None = None,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | str = "",
) -> dict[str, Any]:
    """The event of one request; bytes come in base64, as binary bodies do."""
    method, _, pattern = route_key.partition(" ")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path or pattern or "/",
        "rawQueryString": query,
        "headers": dict(headers or {}),
        "requestContext": {
            "http": {"method": method},
            "domainName": "coffer.example",
            "requestId": "gateway-request-1",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if variables:
        event["pathParameters"] = dict(variables)
    if body:
        event["body"] = b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def make_request(route_key: str = "GET /api/v1/metadata/{id}", **parts: Any) -> Request:
    """The same, read."""
    return Request.from_event(make_event(route_key, **parts))


def send_json(document: Any, **parts: Any) -> Request:
    """A POST with a JSON body."""
    headers = {"content-type": JSON_API} | parts.pop("headers", {})
    return make_request(
        "POST /api/v1/metadata", headers=headers, body=json.dumps(document), **parts
    )


def problems_of(response: Response) -> list[dict[str, Any]]:
    """The errors of an error document."""
    assert response.headers["Content-Type"] == JSON_API
    return list(json.loads(response.body)["errors"])

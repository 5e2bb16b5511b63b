"""Respond to requests that no route matches: 405 if the path has other methods, else 404.

Changes of a relationship that it does not support are 403 (JSON:API 1.1, 9.4).

A path with a slash at the end, or with two in a row, is redirected to the path without them, if
there is such a route. dina-ui sends both.

Preflights of browsers arrive here too, because `$default` matches every method (AWS, "Configure
CORS for HTTP APIs"). API Gateway adds the CORS headers and keeps our status, so it is a success.
"""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from coffer.domain.errors import ForbiddenError, NotFoundError
from coffer.http.errors import MethodNotAllowedError, headers_of, render_error
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response
from coffer.http.routes import methods_of

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_CHANGES = ("POST", "PATCH", "DELETE")


def plain_path(request: Request) -> str:
    """Return the path without a slash at the end, and without two in a row."""
    return re.sub("/+", "/", request.path).rstrip("/")


def plain_path_response(request: Request) -> Response:
    """Return the redirect to the path without the slashes that no route has."""
    # Some clients send UTF-8 in queries without encoding it. A header holds only ASCII.
    query = f"?{quote(request.raw_query, safe=_PRINTABLE)}" if request.raw_query else ""
    # 308 keeps the method and the body (RFC 9110, 15.4.9). The path of an event is decoded.
    return Response(
        status=HTTPStatus.PERMANENT_REDIRECT,
        headers={"Location": f"{request.base_url}{quote(plain_path(request))}{query}"},
    )


def unrouted_response(request: Request, *, service: str) -> Response:
    """Return the response to a request that no route matches."""
    if request.method == "OPTIONS":
        return Response(status=HTTPStatus.NO_CONTENT)
    allowed = methods_of(request.path, service)
    if request.method not in allowed and request.method in methods_of(plain_path(request), service):
        return plain_path_response(request)
    not_allowed = MethodNotAllowedError(request.method, request.path[:200], allowed)
    if allowed and "/relationships/" in request.path and request.method in _CHANGES:
        forbidden = ForbiddenError("relationship_method_not_allowed", str(not_allowed))
        response = render_error(forbidden, request)
        return replace(response, headers={**response.headers, **headers_of(not_allowed)})
    if request.path == "/api" or request.path.startswith("/api/"):
        not_found = NotFoundError("no_such_route", f"There is nothing at {request.path[:200]}.")
        return render_error(not_allowed if allowed else not_found, request)
    if allowed:
        return Response.of_json(
            {"error": {"message": str(not_allowed), "code": "method_not_allowed"}},
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            media_type=JSON,
            headers=headers_of(not_allowed),
        )
    return Response.of_json(
        {
            "docs": f"{request.base_url}/api/v1/openapi.json",
            "info": f"{service} service - part of the DataHub platform",
            "error": {"message": "There is nothing here.", "code": "no_such_route"},
        },
        status=HTTPStatus.NOT_FOUND,
        media_type=JSON,
    )

"""What no route takes: 405 for a known path with another method, else 404.

JSON:API under `/api`; elsewhere BitStore's own body (reference, bitstore.md: "Everything else").
"""

from __future__ import annotations

from http import HTTPStatus

from coffer.domain.errors import NotFoundError
from coffer.http.errors import MethodNotAllowedError, headers_of, render_error
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response
from coffer.http.routes import methods_of


def unrouted_response(request: Request, *, service: str) -> Response:
    """The answer to a request that no route took."""
    allowed = methods_of(request.path, service)
    if request.path == "/api" or request.path.startswith("/api/"):
        if allowed:
            return render_error(
                MethodNotAllowedError(request.method, request.path, allowed), request
            )
        return render_error(
            NotFoundError("no_such_route", f"There is nothing at {request.path[:200]}."), request
        )
    if allowed:
        error = MethodNotAllowedError(request.method, request.path, allowed)
        return Response.of_json(
            {"error": {"message": str(error), "code": "method_not_allowed"}},
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            media_type=JSON,
            headers=headers_of(error),
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

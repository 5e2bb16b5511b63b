"""Render errors as JSON:API documents, with the table of HTTP statuses."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from coffer.domain import errors
from coffer.domain.errors import Problem, RequestError, UnauthenticatedError
from coffer.http.requests import Request
from coffer.http.responses import Response


class NotAcceptableError(RequestError):
    """The Accept header allows none of the media types of the route's responses."""


class MethodNotAllowedError(RequestError):
    """The path exists, but not with this method; `allowed` has its methods."""

    def __init__(self, method: str, path: str, allowed: tuple[str, ...]) -> None:
        super().__init__("method_not_allowed", f"{path} takes {', '.join(allowed)}, not {method}.")
        self.allowed = allowed


class RangeNotSatisfiableError(RequestError):
    """The range begins behind the end of the file, which has `size_bytes`."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            "range_not_satisfiable",
            f"The file has {size_bytes} bytes; the range begins behind them.",
            header="Range",
        )
        self.size_bytes = size_bytes


STATUS: dict[type[RequestError], HTTPStatus] = {
    errors.MalformedRequestError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.GoneError: HTTPStatus.GONE,
    errors.PreconditionError: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RangeNotSatisfiableError: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    errors.InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    # As JSON:API advises for several different 4xx errors ("Processing Errors").
    errors.CombinedError: HTTPStatus.BAD_REQUEST,
    errors.PartialWriteError: HTTPStatus.CONFLICT,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

TOKEN_REQUIRED = "token_required"  # noqa: S105 - a code, not a token
"""The code of the error for a request without a token."""

MAX_PROBLEMS = 1000
"""Maximum number of problems in one response, whose size is limited to 6 MB."""


def status_of(error: RequestError) -> HTTPStatus:
    """Return the status of an error: that of its class or its nearest parent in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def headers_of(error: RequestError) -> dict[str, str]:
    """Return the headers that the error's status requires or recommends."""
    match error:
        case UnauthenticatedError():
            return {"WWW-Authenticate": _challenge(error)}
        case MethodNotAllowedError():
            return {"Allow": ", ".join(error.allowed)}
        case RangeNotSatisfiableError():
            return {"Content-Range": f"bytes */{error.size_bytes}"}
        case errors.NotReadyError() | errors.TooManyRequestsError():
            return {"Retry-After": str(error.retry_after_seconds)}
        case errors.UnavailableError():
            return {"Retry-After": "1"}
    return {}


def _challenge(error: UnauthenticatedError) -> str:
    """Return the value of WWW-Authenticate.

    It names no error if the request had no token (RFC 6750, 3.1).
    """
    has_token = error.problems[0].code != TOKEN_REQUIRED
    return 'Bearer error="invalid_token"' if has_token else "Bearer"


def render_error(error: RequestError, request: Request) -> Response:
    """Return the response with the error document."""
    body = error_document(error, request)
    return Response.of_json(body, status=status_of(error), headers=headers_of(error))


def error_document(error: RequestError, request: Request) -> dict[str, Any]:
    """Return the error document with all problems, each with its code and source."""
    single = error.errors if isinstance(error, errors.CombinedError) else (error,)
    documents = [document for one in single for document in _documents(one, request)]
    body: dict[str, Any] = {"errors": _limited(documents)}
    if isinstance(error, errors.PartialWriteError):
        written = [{"index": number, "id": one} for number, one in error.written.items()]
        body["meta"] = {"written": written, "failed": list(error.failed)}
    return body


def render_internal_error(request: Request) -> Response:
    """Return the response to an unexpected failure."""
    status, document = internal_problem(request)
    return Response.of_json({"errors": [document]}, status=status)


def internal_problem(request: Request) -> tuple[HTTPStatus, dict[str, Any]]:
    """Return status and error of an unexpected failure: only the request id, to report it."""
    problem = Problem(
        "internal_error",
        f"An unexpected error occurred. Please report the request {request.request_id}.",
    )
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return status, _document(problem, status)


def _documents(error: RequestError, request: Request) -> list[dict[str, Any]]:
    status = status_of(error)
    documents = [_document(problem, status) for problem in error.problems]
    if isinstance(error, errors.GoneError):
        audit = f"{request.base_url}/api/v1/audit-snapshot"
        documents[0]["links"] = {"about": f"{audit}?filter[instanceId]={error.instance_id}"}
    return documents


def _limited(documents: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return at most MAX_PROBLEMS documents; the last one says how many are left out."""
    if len(documents) <= MAX_PROBLEMS:
        return documents
    shown = documents[: MAX_PROBLEMS - 1]
    rest = len(documents) - len(shown)
    more = Problem("more_problems", f"There are {rest} more problems of this kind.")
    return [*shown, _document(more, HTTPStatus(int(shown[-1]["status"])))]


def _document(problem: Problem, status: HTTPStatus) -> dict[str, Any]:
    source = {
        name: value
        for name in ("pointer", "parameter", "header")
        if (value := getattr(problem, name)) is not None
    }
    document: dict[str, Any] = {
        "status": str(int(status)),
        "code": problem.code,
        "title": status.phrase,
        "detail": problem.detail,
    }
    return document | ({"source": source} if source else {})

"""Errors as JSON:API documents: the one table that maps what went wrong to an HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from coffer.domain.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MalformedRequestError,
    NotFoundError,
    NotReadyError,
    PartlyWrittenError,
    PreconditionError,
    Problem,
    RequestError,
    SeveralErrors,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedTypeError,
)
from coffer.http.requests import Request
from coffer.http.responses import Response


class NotAcceptableError(RequestError):
    """The Accept header allows nothing that the route can answer with."""


class MethodNotAllowedError(RequestError):
    """The path is known, but not with this method; `allowed` lists those it takes."""

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
    MalformedRequestError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    ConflictError: HTTPStatus.CONFLICT,
    GoneError: HTTPStatus.GONE,
    PreconditionError: HTTPStatus.PRECONDITION_FAILED,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RangeNotSatisfiableError: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    # What JSON:API advises where several kinds of 4xx come together ("Processing Errors").
    SeveralErrors: HTTPStatus.BAD_REQUEST,
    PartlyWrittenError: HTTPStatus.CONFLICT,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

TOKEN_REQUIRED = "token_required"  # noqa: S105 - a code, not a token
"""The code of the error for a request without a token."""

MAX_PROBLEMS = 1000
"""So many problems of one request are told at once, and no more."""


def status_of(error: RequestError) -> HTTPStatus:
    """The status of an error, by its class or the nearest of its parents in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def headers_of(error: RequestError) -> dict[str, str]:
    """The headers that tell a client what to do next."""
    match error:
        case UnauthenticatedError():
            return {"WWW-Authenticate": _challenge(error)}
        case MethodNotAllowedError():
            return {"Allow": ", ".join(error.allowed)}
        case RangeNotSatisfiableError():
            return {"Content-Range": f"bytes */{error.size_bytes}"}
        case NotReadyError():
            return {"Retry-After": str(error.retry_after_seconds)}
        case UnavailableError():
            return {"Retry-After": "1"}
    return {}


def _challenge(error: UnauthenticatedError) -> str:
    """What to authenticate with; a client learns whether to fetch a token or another one.

    Who sent none is told of no error (RFC 6750, 3.1).
    """
    sent = error.problems[0].code != TOKEN_REQUIRED
    return 'Bearer error="invalid_token"' if sent else "Bearer"


def render_error(error: RequestError, request: Request) -> Response:
    """The error document: all problems, each with its code and where it is."""
    status = status_of(error)
    documents = _fitting([document for one in _apart(error) for document in _tell(one, request)])
    document: dict[str, Any] = {"errors": documents}
    if isinstance(error, PartlyWrittenError):
        written = [{"index": number, "id": one} for number, one in error.written.items()]
        document["meta"] = {"written": written, "failed": list(error.failed)}
    return Response.of_json(document, status=status, headers=headers_of(error))


def render_crash(request: Request) -> Response:
    """What a caller is told of a failure nobody expected: an id to ask about, and nothing else."""
    problem = Problem(
        "internal_error",
        f"Something failed that should not have. Please report the request {request.request_id}.",
    )
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return Response.of_json({"errors": [_document(problem, status)]}, status=status)


def _apart(error: RequestError) -> Sequence[RequestError]:
    return error.errors if isinstance(error, SeveralErrors) else (error,)


def _tell(error: RequestError, request: Request) -> list[dict[str, Any]]:
    """The documents of one error's problems."""
    status = status_of(error)
    documents = [_document(problem, status) for problem in error.problems]
    if isinstance(error, GoneError):
        about = f"{request.base_url}/api/v1/audit-snapshot?filter[instanceId]={error.about}"
        documents[0]["links"] = {"about": about}
    return documents


def _fitting(documents: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """As many problems as are told at once: an answer has to fit the gateway's 6 MB."""
    if len(documents) <= MAX_PROBLEMS:
        return documents
    told = documents[: MAX_PROBLEMS - 1]
    rest = len(documents) - len(told)
    more = Problem("more_problems", f"There are {rest} more problems of this kind.")
    return [*told, _document(more, HTTPStatus(int(told[-1]["status"])))]


def _document(problem: Problem, status: HTTPStatus) -> dict[str, Any]:
    places = {
        "pointer": problem.pointer,
        "parameter": problem.parameter,
        "header": problem.header,
    }
    source = {kind: place for kind, place in places.items() if place is not None}
    document: dict[str, Any] = {
        "status": str(int(status)),
        "code": problem.code,
        "title": status.phrase,
        "detail": problem.detail,
    }
    return document | ({"source": source} if source else {})

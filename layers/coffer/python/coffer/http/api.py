"""Find the route of an event, run it, and render errors.

The gateway has already matched the request, so the event's `routeKey` selects the route. Route keys
are written as in `template.yaml`; a test compares both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from coffer.domain.errors import MalformedRequestError, RequestError
from coffer.http.errors import (
    NotAcceptableError,
    render_error,
    render_internal_error,
    status_of,
)
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response
from coffer.observability import MetricUnit, count, flush_metrics, logger, start_invocation

Route = Callable[[Request], Response]
ErrorRenderer = Callable[[RequestError, Request], Response]
CrashRenderer = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

_MAX_CORRELATION_ID = 128


class Api:
    """The routes of one function.

    With `negotiates`, a request whose Accept header allows none of the route's media types is
    refused with 406 before the route runs.
    """

    def __init__(
        self,
        *,
        negotiates: bool = True,
        errors: ErrorRenderer = render_error,
        crash: CrashRenderer = render_internal_error,
    ) -> None:
        self.routes: dict[str, Route] = {}
        self._media_types: dict[str, tuple[str, ...]] = {}
        self._negotiates = negotiates
        self._errors = errors
        self._crash = crash

    def route(
        self, *keys: str, media_types: tuple[str, ...] = (JSON_API, JSON)
    ) -> Callable[[Route], Route]:
        """Serve these route keys (`GET /api/v1/metadata/{id}`) with the decorated function.

        `media_types` are the types of its responses.
        """

        def register(serve: Route) -> Route:
            self.routes.update(dict.fromkeys(keys, serve))
            self._media_types.update(dict.fromkeys(keys, media_types))
            return serve

        return register

    def handler(self) -> Handler:
        """Return the Lambda handler."""

        def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            started = time.perf_counter()
            request = Request.from_event(event)
            start_invocation(
                correlation_id(request),
                route=request.route_key,
                request_id=request.request_id,
                function_request_id=context.aws_request_id,
            )
            response = self._serve(request)
            elapsed = (time.perf_counter() - started) * 1000
            logger.info("served", status=int(response.status), milliseconds=round(elapsed, 1))
            count("Duration", elapsed, MetricUnit.Milliseconds)
            flush_metrics()
            return response.to_gateway()

        return lambda_handler

    def _serve(self, request: Request) -> Response:
        try:
            if self._negotiates:
                _require_acceptable(request, self._media_types.get(request.route_key, ()))
            return self.routes[request.route_key](request)
        except RequestError as error:
            codes = sorted({problem.code for problem in error.problems})
            logger.info("refused", status=int(status_of(error)), codes=codes)
            return self._errors(error, request)
        except Exception:
            logger.exception("failed")
            count("Failures")
            return self._crash(request)


def _require_acceptable(request: Request, media_types: tuple[str, ...]) -> None:
    if not request.accepts(*media_types):
        raise NotAcceptableError(
            "not_acceptable",
            f"The response has the type {' or '.join(media_types)}; the Accept header allows none "
            "of these.",
            header="Accept",
        )


def correlation_id(request: Request) -> str:
    """Return the caller's X-Correlation-Id if it is short and plain, else the request id."""
    given = request.header("x-correlation-id")
    is_plain = given.isascii() and all(char.isalnum() or char in "-_.:" for char in given)
    if given and is_plain and len(given) <= _MAX_CORRELATION_ID:
        return given
    return request.request_id


def require_variable(request: Request, name: str) -> str:
    """Return a variable of the path; raise MalformedRequestError if it is missing or empty."""
    value = request.variables.get(name)
    if not value:
        raise MalformedRequestError("missing_path_variable", f"The path lacks its {name}.")
    return value

"""One function's part of the API: its routes by the gateway's own route keys.

The gateway has matched the route already, so nothing is matched again here: the event's `routeKey`
picks the route, exactly as `template.yaml` writes it, and a test holds the two together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from coffer.domain.errors import MalformedRequestError, RequestError
from coffer.http.errors import NotAcceptableError, render_crash, render_error, status_of
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response
from coffer.observability import MetricUnit, count, flush_metrics, logger, start_invocation

Route = Callable[[Request], Response]
ErrorRenderer = Callable[[RequestError, Request], Response]
CrashRenderer = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

_MAX_CORRELATION_ID = 128


class Api:
    """The routes of one function, and the handler that serves them.

    `negotiates` says that every answer is JSON, or what its route says instead, so that a caller
    who accepts none of it is told so before anything is done.
    """

    def __init__(
        self,
        *,
        negotiates: bool = True,
        errors: ErrorRenderer = render_error,
        crash: CrashRenderer = render_crash,
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

        `media_types` are those that it answers with.
        """

        def register(serve: Route) -> Route:
            self.routes.update(dict.fromkeys(keys, serve))
            self._media_types.update(dict.fromkeys(keys, media_types))
            return serve

        return register

    def handler(self) -> Handler:
        """The Lambda handler."""

        def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            started = time.perf_counter()
            request = Request.of_event(event)
            start_invocation(
                correlation_id(request),
                route=request.route_key,
                request_id=request.request_id,
                function_request_id=context.aws_request_id,
            )
            answer = self._serve(request)
            elapsed = (time.perf_counter() - started) * 1000
            logger.info("served", status=int(answer.status), milliseconds=round(elapsed, 1))
            count("Duration", elapsed, MetricUnit.Milliseconds)
            flush_metrics()
            return answer.for_gateway()

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
            f"Answers are {' or '.join(media_types)}; Accept allows none of it.",
            header="Accept",
        )


def correlation_id(request: Request) -> str:
    """The caller's X-Correlation-Id where it is plain, else the gateway's request id."""
    given = request.header("x-correlation-id")
    plain = given.isascii() and all(char.isalnum() or char in "-_.:" for char in given)
    if given and plain and len(given) <= _MAX_CORRELATION_ID:
        return given
    return request.request_id


def require_variable(request: Request, name: str) -> str:
    """A variable of the route's path; MalformedRequestError where the gateway sent none."""
    value = request.variables.get(name)
    if not value:
        raise MalformedRequestError("missing_path_variable", f"The path lacks its {name}.")
    return value

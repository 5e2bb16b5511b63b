"""Find the route of an event, run it, and render errors.

The gateway has already matched the request, so the event's `routeKey` selects the route. Route keys
are written as in `template.yaml`; a test compares both.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.errors import (
    CombinedError,
    InvalidError,
    MalformedRequestError,
    Problem,
    RequestError,
    combine_errors,
)
from coffer.http.errors import NotAcceptableError, render_error, render_internal_error, status_of
from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response
from coffer.observability import MetricUnit, count, flush_metrics, logger, start_invocation

Route = Callable[[Request], Response]
ErrorRenderer = Callable[[RequestError, Request], Response]
CrashRenderer = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

LIST_QUERY = "filter[ fiql sort page[limit] page[cursor] page[offset] include fields["
"""Query parameters of the lists of records."""
SHORT_LIST_QUERY = "filter[ fiql sort page[limit] page[offset]"
"""Query parameters of lists that are held in memory."""
RECORD_QUERY = "include fields["
"""Query parameters of routes that return records by their ids."""
PAGE_QUERY = "page[limit] page[cursor] page[offset]"
"""Query parameters of lists without filters."""
_KNOWN_EVERYWHERE = ("optfields[", "lang")
"""object-store-api accepts these everywhere. No record here has optional fields, and all messages
are English, so they have no effect."""
_MAX_CORRELATION_ID = 128
_MAX_NAME_LENGTH = 80


class Api:
    """The routes of one function.

    With `negotiates`, a request whose Accept header allows none of the route's media types is
    refused with 406 before the route runs, and unknown query parameters are refused with 400.
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
        self.parameters: dict[str, tuple[str, ...]] = {}
        """Query parameters of the routes that refuse unknown ones."""
        self._reporting: set[str] = set()
        self._negotiates = negotiates
        self._errors = errors
        self._crash = crash

    def route(
        self,
        *keys: str,
        media_types: tuple[str, ...] = (JSON_API, JSON),
        query: str | None = "",
        reports_query: bool = False,
    ) -> Callable[[Route], Route]:
        """Serve these route keys (`GET /api/v1/metadata/{id}`) with the decorated function.

        `media_types` are the types of its responses. `query` has the names of its query parameters,
        separated by spaces; "filter[" stands for all names that begin with it. None accepts all
        parameters. With `reports_query`, the route writes nothing if the request has
        `query_problems`, so it also runs for a wrong query, to find the problems of the body.
        """

        def register(serve: Route) -> Route:
            self.routes.update(dict.fromkeys(keys, serve))
            if reports_query:
                self._reporting.update(keys)
            self._media_types.update(dict.fromkeys(keys, media_types))
            if query is not None and self._negotiates:
                self.parameters.update(dict.fromkeys(keys, tuple(query.split())))
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
            malformed = self._query_error(request)
            if malformed is None:
                return self.routes[request.route_key](request)
            return self._refuse(self._with_other_errors(malformed, request), request)
        except RequestError as error:
            return self._refuse(error, request)
        except Exception:
            logger.exception("failed")
            count("Failures")
            return self._crash(request)

    def _refuse(self, error: RequestError, request: Request) -> Response:
        codes = sorted({problem.code for problem in error.problems})
        logger.info("refused", status=int(status_of(error)), codes=codes)
        return self._errors(error, request)

    def _query_error(self, request: Request) -> RequestError | None:
        """Return the error of unknown and repeated query parameters, or None."""
        known = self.parameters.get(request.route_key)
        problems = () if known is None else tuple(_query_problems(request, known))
        return MalformedRequestError.of(problems) if problems else None

    def _with_other_errors(self, malformed: RequestError, request: Request) -> RequestError:
        """Return the error together with those that the route finds. A route that could write is
        not run."""
        if request.method in ("GET", "HEAD") or request.route_key in self._reporting:
            try:
                self.routes[request.route_key](replace(request, query_problems=malformed.problems))
            except (MalformedRequestError, InvalidError, CombinedError) as error:
                is_reported = set(malformed.problems) <= set(error.problems)
                return error if is_reported else combine_errors([malformed, error])
        return malformed


def require_parameters(request: Request, known: str) -> None:
    """Raise MalformedRequestError unless all query parameters are known, as `query` of a route."""
    problems = tuple(_query_problems(request, tuple(known.split())))
    if problems:
        raise MalformedRequestError.of(problems)


def _query_problems(request: Request, known: tuple[str, ...]) -> Iterator[Problem]:
    """Yield a problem for each unknown parameter, and for each repeated one other than a filter."""
    allowed = ", ".join(f"{one}…]" if one.endswith("[") else one for one in known) or "none"
    counts = Counter(name for name, _ in request.query)
    for name, times in counts.items():
        shown = name[:_MAX_NAME_LENGTH]
        if not any(
            name == one or (one.endswith("[") and name.startswith(one))
            for one in (*known, *_KNOWN_EVERYWHERE)
        ):
            detail = f"The query parameter {shown!r} is unknown. This route has: {allowed}."
            yield Problem("unknown_parameter", detail, parameter=shown)
        elif times > 1 and not name.startswith("filter["):
            yield Problem(
                "malformed_parameter", f"{shown} is given {times} times.", parameter=shown
            )


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

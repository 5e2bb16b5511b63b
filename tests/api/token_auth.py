"""A stack that requires tokens, and its routes.

Its handlers run in worker processes: settings are read once per process, and the process of the
tests has a development identity.
"""

from __future__ import annotations

import re

from local.resources import Route
from local.stack import LocalStack

PUBLIC_ROUTES = frozenset(
    {
        "GET /api/v1/health",
        "GET /api/v1/openapi.json",
        "GET /api/v1/docs",
        "GET /api/v1/toa/{key}",
        "HEAD /api/v1/toa/{key}",
    }
)
"""The routes below /api/v1 that need no token."""
BY_GRANT = "/api/v1/uppy/grant/"
"""The routes below this path need an upload grant, which is in the path."""
SAMPLES = {"bucket": "aafc", "proxy": ""}
SOME_ID = "0190a3c4-0000-7000-8000-000000000000"


def start(**parameters: str) -> LocalStack:
    """Start a stack with these template parameters and return it."""
    return LocalStack(in_process=False, tokens_required=True, parameters=parameters).start()


def protected_routes(stack: LocalStack) -> list[Route]:
    """Return the routes of the object store API that require a token."""
    return [
        route
        for route in stack.resources.routes
        if route.path.startswith("/api/v1/")
        and route.key not in PUBLIC_ROUTES
        and not route.path.startswith(BY_GRANT)
    ]


def pattern(route: Route) -> re.Pattern[str]:
    """Return a pattern for the paths of this route."""
    one = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path))
    return re.compile(re.sub(r"\\\{\w+\\\+\\\}", ".*", one))


def target(route: Route) -> str:
    """Return a path of this route with a value for each variable."""
    return re.sub(r"\{(\w+)\+?\}", lambda name: SAMPLES.get(name[1], SOME_ID), route.path)

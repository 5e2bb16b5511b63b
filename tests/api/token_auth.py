"""A stack that requires tokens. Its handlers run in separate processes, because handlers read their
settings once, and in the process of the tests those contain a development identity."""

from __future__ import annotations

import re

from local.resources import Route
from local.stack import LocalStack

OPEN = frozenset(
    {
        "GET /api/v1/health",
        "GET /api/v1/openapi.json",
        "GET /api/v1/docs",
        "GET /api/v1/toa/{key}",
        "HEAD /api/v1/toa/{key}",
    }
)
"""The routes below /api/v1 that ask nobody who they are."""
SAMPLES = {"bucket": "aafc", "proxy": ""}
SOME_ID = "0190a3c4-0000-7000-8000-000000000000"


def start(**parameters: str) -> LocalStack:
    """The stack, started; `parameters` are the template's."""
    return LocalStack(in_process=False, tokens_required=True, parameters=parameters).start()


def protected_routes(stack: LocalStack) -> list[Route]:
    """Every route of the template that belongs to the object store API and asks who is calling."""
    return [
        route
        for route in stack.resources.routes
        if route.path.startswith("/api/v1/") and route.key not in OPEN
    ]


def pattern(route: Route) -> re.Pattern[str]:
    """What the paths of this route look like; a fixed segment is no variable's value."""
    one = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path))
    return re.compile(re.sub(r"\\\{\w+\\\+\\\}", ".*", one))


def target(route: Route) -> str:
    """A path of this route, with something in each of its variables."""
    return re.sub(r"\{(\w+)\+?\}", lambda name: SAMPLES.get(name[1], SOME_ID), route.path)

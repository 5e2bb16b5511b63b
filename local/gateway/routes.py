"""Find the route of an HTTP API that matches a request.

Source: API Gateway Developer Guide, "Create routes for HTTP APIs": a full match of path and method
has priority over a greedy path variable, and that over `$default`. Among full matches a fixed
segment has priority over a variable, and a named method over ANY. Paths are compared as sent: a
trailing slash adds an empty segment, which only a greedy variable matches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.resources import Route

DEFAULT = "$default"
_VARIABLE = re.compile(r"^\{([A-Za-z0-9._-]+)(\+?)\}$")

FIXED, VARIABLE, GREEDY = range(3)


@dataclass(frozen=True)
class RouteMatch:
    """The matching route with its decoded path variables."""

    route: Route
    path_parameters: Mapping[str, str]


@dataclass(frozen=True)
class _Segment:
    kind: int
    text: str


class RouteTable:
    """The routes of one API. Raises ValueError for a path that API Gateway does not accept."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._default = next((one for one in routes if one.path == DEFAULT), None)
        self._routes = [(one, _segments(one.path)) for one in routes if one.path != DEFAULT]

    def find(self, method: str, raw_path: str) -> RouteMatch | None:
        """Return the most specific match, or None; `raw_path` is percent-encoded."""
        parts = raw_path.removeprefix("/").split("/")
        found: list[tuple[tuple[int, ...], RouteMatch]] = []
        for route, segments in self._routes:
            if route.method not in (method, "ANY"):
                continue
            variables = _match(segments, parts)
            if variables is not None:
                rank = (*_rank(segments), int(route.method == "ANY"))
                found.append((rank, RouteMatch(route, variables)))
        if found:
            return min(found, key=lambda one: one[0])[1]
        return None if self._default is None else RouteMatch(self._default, {})


def check_path(path: str) -> None:
    """Raise ValueError for a path that API Gateway does not accept."""
    if path != DEFAULT:
        _segments(path)


def without_names(path: str) -> tuple[tuple[int, str], ...]:
    """Return the path without the names of its variables; equal results match the same requests."""
    if path == DEFAULT:
        return ((FIXED, DEFAULT),)
    return tuple(
        (segment.kind, segment.text if segment.kind == FIXED else "") for segment in _segments(path)
    )


def _segments(path: str) -> list[_Segment]:
    if not path.startswith("/") or (path.endswith("/") and path != "/"):
        raise ValueError(f"a route's path must begin with a slash and not end with one: {path}")
    segments = []
    for text in path[1:].split("/"):
        variable = _VARIABLE.match(text)
        if variable is None:
            segments.append(_Segment(FIXED, text))
        else:
            segments.append(_Segment(GREEDY if variable[2] else VARIABLE, variable[1]))
    if any(segment.kind == GREEDY for segment in segments[:-1]):
        raise ValueError(f"a greedy variable must be the last segment: {path}")
    return segments


def _match(segments: Sequence[_Segment], parts: Sequence[str]) -> dict[str, str] | None:
    variables: dict[str, str] = {}
    for index, segment in enumerate(segments):
        if segment.kind == GREEDY:
            if len(parts) <= index:
                return None
            variables[segment.text] = unquote("/".join(parts[index:]))
            return variables
        if len(parts) <= index:
            return None
        part = parts[index]
        if segment.kind == FIXED and unquote(part) != segment.text:
            return None
        if segment.kind == VARIABLE:
            if not part:
                return None
            variables[segment.text] = unquote(part)
    return variables if len(parts) == len(segments) else None


def _rank(segments: Sequence[_Segment]) -> tuple[int, ...]:
    """Return a sort key: greedy routes come last, then the first fixed segment decides."""
    greedy = int(any(segment.kind == GREEDY for segment in segments))
    return (greedy, *(segment.kind for segment in segments))

"""All routes of the API, as the gateway writes them.

`answer_unrouted` uses them to distinguish a wrong method from an unknown path. Tests compare them
with `template.yaml` and with the OpenAPI document.
"""

from __future__ import annotations

from coffer.domain.text_tables import read_table

_METHODS = {path: methods.split() for path, methods in read_table(__file__, "routes.txt")}
ROUTES = tuple(f"{method} {path}" for path, methods in _METHODS.items() for method in methods)
"""All route keys."""


def methods_of(path: str, service: str) -> tuple[str, ...]:
    """Return the methods of the routes that match a path; empty for an unknown path.

    `{service}` matches only `service`, and `{proxy+}` only the end of a path with a trailing slash.
    The greedy variable `{id+}` matches the rest of the path.
    """
    found: set[str] = set()
    for pattern, methods in _METHODS.items():
        if _matches(pattern.replace("{service}", service), path):
            found.update(methods)
    return tuple(sorted(found))


def _matches(pattern: str, path: str) -> bool:
    parts = pattern.split("/")
    segments = path.split("/", len(parts) - 1 if pattern.endswith("{id+}") else -1)
    if len(parts) != len(segments):
        return False
    return all(_part_matches(*pair) for pair in zip(parts, segments, strict=True))


def _part_matches(part: str, segment: str) -> bool:
    if part == "{proxy+}":
        return segment == ""
    return segment != "" if part.startswith("{") else part == segment

"""Names at the edge: the question in the query, and the records that answer it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coffer.domain.buckets import parse_bucket
from coffer.domain.errors import MalformedRequestError
from coffer.domain.metadata.find_by_name import NamedRecord, NameQuestion
from coffer.http.documents import resource
from coffer.http.requests import Request
from coffer.http.responses import Response

KIND = "metadata"
"""The only type whose records are found by name."""
MAX_NAMES = 100
MAX_LIMIT, DEFAULT_LIMIT = 1000, 20
_FILTERS = ("type", "name", "group")


def read_question(request: Request) -> NameQuestion:
    """What the query asks for; MalformedRequestError naming the parameter that is wrong."""
    filters = dict(_filters(request))
    if len(filters) < 2 or not filters.get("group"):
        raise MalformedRequestError(
            "malformed_parameter",
            "This needs filter[group][EQ], and filter[type][EQ] or filter[name][EQ] with it.",
            parameter="filter[group][EQ]",
        )
    kind = filters.get("type", KIND)
    if kind != KIND:
        raise MalformedRequestError(
            "malformed_parameter",
            f"Records of type {kind[:60]!r} have no names; those of type {KIND!r} have.",
            parameter="filter[type][EQ]",
        )
    names = tuple(name for name in filters.get("name", "").split(",") if name)
    if len(names) > MAX_NAMES:
        raise MalformedRequestError(
            "malformed_parameter",
            f"At most {MAX_NAMES} names are looked for at once.",
            parameter="filter[name][EQ]",
        )
    group = parse_bucket(filters["group"], parameter="filter[group][EQ]")
    return NameQuestion(group=group, names=names, limit=_limit(request))


def names_response(records: Iterable[NamedRecord]) -> Response:
    """The list of what was found: each with its id and its name."""
    data: list[dict[str, Any]] = [
        resource(KIND, record.identifier, {"name": record.name}) for record in records
    ]
    return Response.of_json({"data": data})


def _filters(request: Request) -> Iterable[tuple[str, str]]:
    for parameter, value in request.query:
        if not parameter.startswith("filter"):
            continue
        name = parameter.removeprefix("filter[").removesuffix("[EQ]").removesuffix("]")
        if name not in _FILTERS or parameter not in (f"filter[{name}]", f"filter[{name}][EQ]"):
            raise MalformedRequestError(
                "unknown_attribute",
                f"Filters here are {', '.join(f'filter[{one}][EQ]' for one in _FILTERS)}.",
                parameter=parameter[:100],
            )
        yield name, value


def _limit(request: Request) -> int:
    given = request.parameter("page[limit]")
    if given is None:
        return DEFAULT_LIMIT
    plain = given.isascii() and given.isdigit() and len(given) <= len(str(MAX_LIMIT))
    if not plain or not 1 <= int(given) <= MAX_LIMIT:
        raise MalformedRequestError(
            "malformed_parameter",
            f"page[limit] is a whole number from 1 to {MAX_LIMIT}.",
            parameter="page[limit]",
        )
    return int(given)

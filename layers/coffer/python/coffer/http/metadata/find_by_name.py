"""Parse a query for metadata by name or id, and present the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coffer.domain.buckets import parse_bucket
from coffer.domain.errors import Problem
from coffer.domain.identifiers import is_identifier
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.find_by_name import NamedRecord, NameQuery
from coffer.http.documents import resource
from coffer.http.listing.in_memory_query import parse_allowed_values
from coffer.http.requests import QueryProblems, Request, parse_whole_number
from coffer.http.responses import Response

MAX_NAMES = 100
MAX_LIMIT, DEFAULT_LIMIT = 1000, 20
_TYPE = METADATA_FIELDS.type
_ATTRIBUTES = ("type", "name", "group", "id")


def parse_name_query(request: Request) -> NameQuery:
    """Return the query; raise `MalformedRequestError` with every problem."""
    problems = QueryProblems()
    allowed = parse_allowed_values(request, _ATTRIBUTES, problems)
    groups = allowed.pop("group", frozenset())
    group = next(iter(groups), "")
    if len(groups) != 1 or not allowed:
        detail = "This needs one filter[group][EQ], and a filter of the type, name or id with it."
        problems.append(_problem("filter[group][EQ]", detail))
    else:
        with problems.collect():
            parse_bucket(group, parameter="filter[group][EQ]")
    for type_ in allowed.get("type", frozenset()) - {_TYPE}:
        detail = f"Records of the type {type_[:60]!r} have no names; the type must be {_TYPE!r}."
        problems.append(_problem("filter[type][EQ]", detail))
    names, identifiers = _texts(allowed, "name"), _texts(allowed, "id")
    for name, values in (("name", names), ("id", identifiers)):
        if len(values or ()) > MAX_NAMES:
            detail = f"The filter has {len(values or ())} values; at most {MAX_NAMES} are allowed."
            problems.append(_problem(f"filter[{name}][EQ]", detail))
    for identifier in identifiers or ():
        if not is_identifier(identifier):
            detail = f"{identifier[:60]!r} is not a UUID."
            problems.append(_problem("filter[id][EQ]", detail))
    text = request.parameter("page[limit]")
    limit = DEFAULT_LIMIT
    with problems.collect():
        if text is not None:
            limit = parse_whole_number("page[limit]", text, 1, MAX_LIMIT)
    problems.raise_if_any()
    if identifiers is not None:
        identifiers = tuple({one.lower() for one in identifiers})
    return NameQuery(group=group, names=names, identifiers=identifiers, limit=limit)


def names_response(records: Iterable[NamedRecord]) -> Response:
    """Return the response with the id and the name of each record."""
    data = [resource(_TYPE, record.identifier, {"name": record.name}) for record in records]
    return Response.of_json({"data": data})


def _texts(allowed: Mapping[str, frozenset[str]], name: str) -> tuple[str, ...] | None:
    """Return the values that an attribute may have; None if it is not filtered."""
    return tuple(filter(None, sorted(allowed[name]))) if name in allowed else None


def _problem(parameter: str, detail: str) -> Problem:
    return Problem("malformed_parameter", detail, parameter=parameter)

"""Queries: what the query string of a list asks for, checked against the table of attributes.

The grammar is the reference's (dina-base-api, its ANTLR grammar of queries): `filter[attr]=v`,
`filter[attr][OP]=v`, where a comma separates alternatives and several filters all hold;
`fiql=…` (RFC draft-nottingham-atompub-fiql-00) instead of filters; `sort`, `page`, `include` and
`fields`. Everything that is wrong is told at once. What is no part of a query is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.filters import EVERYTHING, AllOf, Filter
from coffer.domain.listing.index_keys import SORT_ORDERS, Kind, SortOrder
from coffer.domain.listing.pages import (
    DEFAULT_LIMIT,
    MAX_OFFSET_READ,
    MAX_PAGE_SIZE,
    Cursor,
    PageRequest,
)
from coffer.domain.listing.query_plan import Query
from coffer.domain.listing.resources import PERSON, RESOURCES
from coffer.http.listing.comparisons import QueryError, parse_filter
from coffer.http.listing.cursors import decode_cursor
from coffer.http.listing.fiql import parse_fiql
from coffer.http.requests import Request

_MEMBER = re.compile(r"(?P<family>\w+)(?:\[(?P<first>[^\[\]]*)\](?:\[(?P<second>[^\[\]]*)\])?)?")
_PAGE_MEMBERS = ("limit", "cursor", "offset")


@dataclass(frozen=True, kw_only=True)
class View:
    """What of the records is shown: relationships with what they lead to, and attributes by type
    (a type that is not named is shown whole)."""

    include: tuple[str, ...] = ()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """Everything that a request for a list says."""

    query: Query
    page: PageRequest
    view: View


class _Problems(list[Problem]):
    """What is wrong with a query, parameter by parameter."""

    def tell(self, error: QueryError, parameter: str) -> None:
        """Keep what was wrong with a parameter."""
        self.append(replace(error.problem, parameter=parameter))

    def malformed(self, parameter: str, detail: str) -> None:
        """Keep that a parameter has a value it does not take."""
        self.append(Problem("malformed_parameter", detail, parameter=parameter))


def parse_list_query(request: Request, kind: Kind) -> ListQuery:
    """What the request's query asks of the lists of this kind; MalformedRequestError otherwise."""
    problems = _Problems()
    _check_names(request, problems)
    wanted = _read_wanted(request, kind, problems)
    order, descending = _read_sort(request, kind, problems)
    query = Query(kind=kind, wanted=wanted, order=order, descending=descending)
    page = _read_page(request, query, problems)
    view = _read_view(request, kind, problems)
    if problems:
        raise MalformedRequestError.of(problems)
    return ListQuery(query=query, page=page, view=view)


def parse_view(request: Request, kind: Kind) -> View:
    """What the query of a request for one record wants to see; MalformedRequestError otherwise."""
    problems = _Problems()
    view = _read_view(request, kind, problems)
    if problems:
        raise MalformedRequestError.of(problems)
    return view


def _check_names(request: Request, problems: _Problems) -> None:
    """That families have the members they can have, and that what is said once is said once."""
    seen = set()
    for name, _ in request.query:
        matched = _MEMBER.fullmatch(name)
        family = matched["family"] if matched else name.partition("[")[0]
        if family not in ("filter", "fields", "page", "sort", "include", "fiql"):
            continue
        first, second = (matched["first"], matched["second"]) if matched else (None, None)
        if not _can_be(family, first, second):
            detail = f"There is no parameter {name[:80]!r} here."
            problems.append(Problem("malformed_parameter", detail, parameter=name[:80]))
        elif family != "filter" and name in seen:
            problems.malformed(name[:80], f"{name[:80]} is given more than once.")
        seen.add(name)


def _can_be(family: str, first: str | None, second: str | None) -> bool:
    if family == "filter":
        return bool(first)
    if family == "page":
        return first in _PAGE_MEMBERS and second is None
    if family == "fields":
        return bool(first) and second is None
    return first is None


def _read_wanted(request: Request, kind: Kind, problems: _Problems) -> Filter:
    parts: list[Filter] = []
    for name, value in request.query:
        matched = _MEMBER.fullmatch(name)
        if matched is None or matched["family"] != "filter" or not matched["first"]:
            continue
        try:
            operator = "EQ" if matched["second"] is None else matched["second"]
            parts.append(parse_filter(kind, matched["first"], operator, value))
        except QueryError as error:
            problems.tell(error, name[:80])
    fiql = request.parameter("fiql")
    if fiql is None:
        return AllOf(tuple(parts)) if parts else EVERYTHING
    if parts:
        problems.malformed("fiql", "A list is filtered by fiql or by filter, not by both.")
    try:
        return AllOf((parse_fiql(kind, fiql),))
    except QueryError as error:
        problems.tell(error, "fiql")
        return EVERYTHING


def _read_sort(request: Request, kind: Kind, problems: _Problems) -> tuple[SortOrder | None, bool]:
    text = request.parameter("sort")
    if text is None:
        return None, False
    order = next((one for one in SORT_ORDERS[kind] if one.value == text.removeprefix("-")), None)
    if order is None:
        known = ", ".join(SORT_ORDERS[kind])
        detail = f"{kind} is sorted by one of {known}, with '-' before it in reverse."
        problems.append(Problem("unknown_attribute", detail, parameter="sort"))
    return order, text.startswith("-")


def _read_page(request: Request, query: Query, problems: _Problems) -> PageRequest:
    limit = _read_number(request, "page[limit]", 1, MAX_PAGE_SIZE, DEFAULT_LIMIT, problems)
    offset = _read_number(request, "page[offset]", 0, MAX_OFFSET_READ, 0, problems)
    text = request.parameter("page[cursor]")
    if text is None:
        return PageRequest(limit=limit, cursor=Cursor(skip=offset))
    if request.parameter("page[offset]") is not None:
        problems.malformed("page[offset]", "A page begins at a cursor or an offset, not at both.")
    try:
        return PageRequest(limit=limit, cursor=decode_cursor(text, query))
    except QueryError as error:
        problems.tell(error, "page[cursor]")
        return PageRequest(limit=limit)


def _read_number(
    request: Request, name: str, least: int, most: int, default: int, problems: _Problems
) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    plain = text.isascii() and text.isdigit() and len(text) <= 9
    if not plain or not least <= int(text) <= most:
        problems.malformed(name, f"{name} is a whole number from {least} to {most}.")
        return default
    return int(text)


def _read_view(request: Request, kind: Kind, problems: _Problems) -> View:
    relationships = RESOURCES[kind].relationships
    include = []
    for name in _names(request.parameter("include")):
        if name in relationships:
            include.append(name)
        else:
            known = ", ".join(relationships) or "nothing"
            detail = f"{kind} cannot include {name[:60]!r}; it can include {known}."
            problems.append(Problem("unknown_relationship", detail, parameter="include"))
    fields = {}
    for name, value in request.query:
        matched = _MEMBER.fullmatch(name)
        if matched and matched["family"] == "fields" and matched["first"]:
            fields[matched["first"]] = _read_fields(matched["first"], value, kind, problems)
    return View(include=tuple(dict.fromkeys(include)), fields=fields)


def _read_fields(resource: str, value: str, kind: Kind, problems: _Problems) -> frozenset[str]:
    parameter = f"fields[{resource[:60]}]"
    related = {one.target for one in RESOURCES[kind].relationships.values()} - {PERSON}
    if resource not in {kind, *related}:
        shown = ", ".join(sorted({kind.value, *related}))
        detail = f"The answer shows {shown}, not {resource[:60]!r}."
        problems.append(Problem("malformed_parameter", detail, parameter=parameter))
        return frozenset()
    shape = RESOURCES[Kind(resource)]
    for name in _names(value):
        if name not in shape.attributes and name not in shape.relationships:
            detail = f"{resource} has no attribute {name[:60]!r}."
            problems.append(Problem("unknown_attribute", detail, parameter=parameter))
    return frozenset(_names(value))


def _names(text: str | None) -> Iterable[str]:
    return [name.strip() for name in text.split(",")] if text else []

"""Parse the query parameters of lists and records.

The grammar is the reference's (dina-base-api, its ANTLR grammar of queries): `filter[attr]=v` and
`filter[attr][OP]=v`, where commas separate alternatives and all filters must be met; `fiql=…`
(draft-nottingham-atompub-fiql-00) instead of filters; `sort`, `page`, `include` and `fields`. An
error reports all malformed parameters. `Api` refuses unknown ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from coffer.domain.errors import Problem
from coffer.domain.listing.fields import FIELDS, SORT_ORDERS
from coffer.domain.listing.filters import AllOf, Filter, require_few_comparisons
from coffer.domain.listing.index_keys import Kind, SortOrder
from coffer.domain.listing.pages import (
    DEFAULT_LIMIT,
    MAX_OFFSET_READ,
    MAX_PAGE_SIZE,
    Cursor,
    PageRequest,
)
from coffer.domain.listing.query_plan import Query
from coffer.http.listing.comparisons import QueryError, parse_filter
from coffer.http.listing.cursors import decode_cursor
from coffer.http.listing.fiql import parse_fiql
from coffer.http.requests import QueryProblems, Request, parse_whole_number

_PARAMETER = re.compile(r"(?P<family>\w+)(?:\[(?P<first>[^\[\]]*)\](?:\[(?P<second>[^\[\]]*)\])?)?")


@dataclass(frozen=True, kw_only=True)
class View:
    """The parts of records to show: relationships with their records, and attributes by type.

    All attributes of a type are shown unless `fields` has the type.
    """

    include: tuple[str, ...] = ()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """The parsed query parameters of a list."""

    query: Query
    page: PageRequest
    view: View


class _Problems(QueryProblems):
    """Problems of the query parameters of a list of records."""

    def add(self, error: QueryError, parameter: str) -> None:
        """Add the problem of an error in a parameter."""
        self.append(replace(error.problem, parameter=parameter))

    def malformed(self, parameter: str, detail: str) -> None:
        """Add a problem with the value of a parameter."""
        self.append(Problem("malformed_parameter", detail, parameter=parameter))


def parse_list_query(request: Request, kind: Kind) -> ListQuery:
    """Return the query of a list of this kind; raise MalformedRequestError with all problems."""
    problems = _Problems()
    _check_brackets(request, problems)
    condition = _parse_filters(request, kind, problems)
    order, descending = _parse_sort(request, kind, problems)
    query = Query(kind=kind, condition=condition, order=order, descending=descending)
    page = _parse_page(request, query, problems)
    view = _parse_view(request, kind, problems)
    problems.raise_if_any()
    return ListQuery(query=query, page=page, view=view)


def parse_view(request: Request, kind: Kind) -> View:
    """Return the view of records of this kind; raise MalformedRequestError with all problems."""
    problems = _Problems()
    view = _parse_view(request, kind, problems)
    problems.raise_if_any()
    return view


def _check_brackets(request: Request, problems: _Problems) -> None:
    """Check the brackets of filters and fields."""
    for name, _ in request.query:
        matched = _PARAMETER.fullmatch(name)
        has_name = matched is not None and bool(matched["first"])
        if name.startswith("filter[") and not has_name:
            detail = "A filter is written filter[attribute]=value or filter[attribute][EQ]=value."
            problems.malformed(name[:80], detail)
        elif name.startswith("fields[") and not (has_name and name.count("[") == 1):
            problems.malformed(name[:80], "Fields are written fields[type]=attribute,attribute.")


def _parse_filters(request: Request, kind: Kind, problems: _Problems) -> Filter:
    parts: list[Filter] = []
    for name, value in request.query:
        matched = _PARAMETER.fullmatch(name)
        if matched is None or matched["family"] != "filter" or not matched["first"]:
            continue
        operator = "EQ" if matched["second"] is None else matched["second"]
        try:
            parts.append(parse_filter(kind, matched["first"], operator, value))
        except QueryError as error:
            problems.add(error, name[:80])
    fiql = request.parameter("fiql")
    if fiql is not None and parts:
        problems.malformed("fiql", "A list is filtered by fiql or by filter, not by both.")
    condition = AllOf(tuple(parts))
    try:
        if fiql is not None:
            condition = AllOf((parse_fiql(kind, fiql),))
    except QueryError as error:
        problems.add(error, "fiql")
    with problems.collect():
        require_few_comparisons(condition, parameter="filter" if fiql is None else "fiql")
    return condition


def _parse_sort(request: Request, kind: Kind, problems: _Problems) -> tuple[SortOrder | None, bool]:
    text = request.parameter("sort")
    if text is None:
        return None, False
    name, orders = text.removeprefix("-"), SORT_ORDERS[kind]
    order = next((one for one in orders if one.value == name), None)
    if order is None:
        known = ", ".join(orders)
        detail = f"{kind} is sorted by one of {known}, with '-' before it in reverse."
        problems.append(Problem("unknown_attribute", detail, parameter="sort"))
    return order, text.startswith("-")


def _parse_page(request: Request, query: Query, problems: _Problems) -> PageRequest:
    limit = _parse_number(request, "page[limit]", 1, MAX_PAGE_SIZE, DEFAULT_LIMIT, problems)
    offset = _parse_number(request, "page[offset]", 0, MAX_OFFSET_READ, 0, problems)
    text = request.parameter("page[cursor]")
    if text is None:
        return PageRequest(limit=limit, cursor=Cursor(skip=offset))
    if request.parameter("page[offset]") is not None:
        problems.malformed("page[offset]", "A page begins at a cursor or an offset, not at both.")
    try:
        return PageRequest(limit=limit, cursor=decode_cursor(text, query))
    except QueryError as error:
        problems.add(error, "page[cursor]")
        return PageRequest(limit=limit)


def _parse_number(
    request: Request, name: str, minimum: int, maximum: int, default: int, problems: _Problems
) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    with problems.collect():
        return parse_whole_number(name, text, minimum, maximum)
    return default


def _parse_view(request: Request, kind: Kind, problems: _Problems) -> View:
    relationships = FIELDS[kind].relationship
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
        matched = _PARAMETER.fullmatch(name)
        if matched and matched["family"] == "fields" and matched["first"]:
            fields[matched["first"]] = _parse_fields(matched["first"], value, kind, problems)
    return View(include=tuple(dict.fromkeys(include)), fields=fields)


def _parse_fields(type_: str, value: str, kind: Kind, problems: _Problems) -> frozenset[str]:
    parameter = f"fields[{type_[:60]}]"
    related = {one.target for one in FIELDS[kind].relationships if not one.is_external}
    if type_ not in {kind, *related}:
        shown = ", ".join(sorted({kind.value, *related}))
        problems.malformed(parameter, f"The response shows {shown}, not {type_[:60]!r}.")
        return frozenset()
    fields = FIELDS[Kind(type_)]
    for name in _names(value):
        if name not in fields.by_name and name not in fields.relationship:
            detail = f"{type_} has no attribute {name[:60]!r}."
            problems.append(Problem("unknown_attribute", detail, parameter=parameter))
    return frozenset(_names(value))


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",")] if text else []

"""Parse queries for lists of exports, and present their pages."""

from __future__ import annotations

from typing import Any

from coffer.domain.errors import Problem
from coffer.domain.export.find import ExportPage, ExportQuery
from coffer.domain.identifiers import is_identifier
from coffer.http.export.documents import present_export
from coffer.http.listing.in_memory_query import parse_condition
from coffer.http.requests import QueryProblems, Request, parse_whole_number
from coffer.http.responses import Response

DEFAULT_LIMIT, MAX_LIMIT = 20, 1000
_FILTERED = ("id", "name", "status", "createdBy", "createdOn", "finishedOn", "failure")


def exports_response(request: Request, page: ExportPage) -> Response:
    """Return a page of exports, with `links.next` if another page may follow."""
    links = {"self": request.url(request.query)}
    if page.next_before is not None:
        kept = [pair for pair in request.query if pair[0] != "page[cursor]"]
        links["next"] = request.url([*kept, ("page[cursor]", page.next_before)])
    meta: dict[str, Any] = {"totalResourceCount": page.total}
    if page.is_lower_bound:
        meta["totalIsLowerBound"] = True
    data = [present_export(export) for export in page.exports]
    return Response.of_json({"data": data, "links": links, "meta": meta})


def parse_export_query(request: Request) -> ExportQuery:
    """Return the query of a list of exports; raise MalformedRequestError with every problem."""
    problems = QueryProblems()
    condition = parse_condition(request, _FILTERED, problems)
    given, limit = request.parameter("page[limit]"), DEFAULT_LIMIT
    with problems.collect():
        if given is not None:
            limit = parse_whole_number("page[limit]", given, 1, MAX_LIMIT)
    cursor = request.parameter("page[cursor]")
    if cursor is not None and not is_identifier(cursor):
        detail = "page[cursor] must be a cursor from links.next."
        problems.append(Problem("malformed_parameter", detail, parameter="page[cursor]"))
    problems.raise_if_any()
    return ExportQuery(condition=condition, limit=limit, before=cursor.lower() if cursor else None)

"""The audit at the edge: what is asked of it, and what it tells."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from coffer import __version__
from coffer.domain.changes.history import HistoryPage, HistoryQuery, Snapshot
from coffer.domain.errors import MalformedRequestError, Problem
from coffer.http.documents import resource
from coffer.http.requests import Request
from coffer.http.responses import Response

TYPE = "audit-snapshot"
DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 20, 1000, 10_000
_INSTANCE = re.compile(r"[a-z]+(-[a-z]+)*/[0-9A-Za-z_-]{1,64}")
_INSTANCE_ID = ("filter[instanceId]", "filter[instanceId][EQ]")
_AUTHOR = ("filter[author]", "filter[author][EQ]")
_PAGING = {"page[limit]": (1, MAX_LIMIT), "page[offset]": (0, MAX_OFFSET)}


def read_history_query(request: Request) -> HistoryQuery:
    """What the query asks for; raises MalformedRequestError with everything that is wrong."""
    problems = [
        _wrong(name, f"{name[:60]} is not known here.")
        for name, _ in request.query
        if name not in {*_INSTANCE_ID, *_AUTHOR, *_PAGING}
    ]
    given = dict(request.query)
    instance_id = next((given[name] for name in _INSTANCE_ID if name in given), None)
    author = next((given[name] for name in _AUTHOR if name in given), None)
    if instance_id is not None and not _INSTANCE.fullmatch(instance_id):
        problems.append(_wrong(_INSTANCE_ID[0], "An instanceId is <type>/<id>."))
    if not instance_id and not author:
        problems.append(
            _wrong(_INSTANCE_ID[0], "Name a record by filter[instanceId], or filter[author].")
        )
    numbers = {}
    for name, (least, most) in _PAGING.items():
        text = given.get(name, str(DEFAULT_LIMIT if name == "page[limit]" else 0))
        if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most:
            problems.append(_wrong(name, f"{name} is a whole number from {least} to {most}."))
        else:
            numbers[name] = int(text)
    if problems:
        raise MalformedRequestError.of(problems)
    return HistoryQuery(
        instance_id=instance_id or None,
        author=author or None,
        offset=numbers["page[offset]"],
        limit=numbers["page[limit]"],
    )


def history_response(request: Request, query: HistoryQuery, page: HistoryPage) -> Response:
    """A page of snapshots, with where to go on."""
    url = f"{request.base_url}{request.path}"
    links = {"self": f"{url}?{_encode(request.query)}"}
    following = query.offset + query.limit
    if following < page.total and following <= MAX_OFFSET:
        kept = [pair for pair in request.query if pair[0] != "page[offset]"]
        links["next"] = f"{url}?{_encode((*kept, ('page[offset]', str(following))))}"
    meta: dict[str, object] = {"totalResourceCount": page.total, "moduleVersion": __version__}
    if page.is_lower_bound:
        meta["totalIsLowerBound"] = True
    return Response.of_json(
        {"data": [_present(one) for one in page.snapshots], "links": links, "meta": meta}
    )


def _present(snapshot: Snapshot) -> dict[str, object]:
    identifier = f"{snapshot['instanceId']}/{snapshot['commitDateTime']}"
    return resource(TYPE, identifier, snapshot)


def _encode(pairs: tuple[tuple[str, str], ...]) -> str:
    return urlencode(pairs, quote_via=quote)


def _wrong(name: str, detail: str) -> Problem:
    return Problem("malformed_parameter", detail, parameter=name[:100])

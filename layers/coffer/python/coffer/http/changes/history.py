"""Parse requests for audit snapshots, and present the snapshots."""

from __future__ import annotations

import re

from coffer import __version__
from coffer.domain.callers import MAX_USERNAME_LENGTH
from coffer.domain.changes.history import SnapshotPage, SnapshotQuery, snapshot_id
from coffer.domain.changes.ports import Snapshot
from coffer.domain.errors import Problem
from coffer.http.documents import resource
from coffer.http.listing.in_memory_query import parse_allowed_values
from coffer.http.requests import QueryProblems, Request, parse_whole_number
from coffer.http.responses import Response, count_fitting, encode, payload_bytes

TYPE = "audit-snapshot"
DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 20, 1000, 10_000
MAX_LIST_BYTES = 5_000_000
"""A Lambda response has at most 6 MB. The rest is for the other members of the document."""
_INSTANCE_ID_FORMAT = re.compile(r"[a-z]+(-[a-z]+)*/[0-9A-Za-z_-]{1,64}")
_ATTRIBUTES = ("instanceId", "author", "id")
_SORTS = {"-commitDateTime": True, "-createdOn": True, "commitDateTime": False, "createdOn": False}
"""True for the newest first. dina-ui sorts by `createdOn`, which is no attribute of snapshots."""
_PAGE = {
    "page[limit]": (1, MAX_LIMIT, DEFAULT_LIMIT),
    "page[offset]": (0, MAX_OFFSET, 0),
}
"""Minimum, maximum and default of each number."""


def parse_snapshot_query(request: Request) -> SnapshotQuery:
    """Return the query of a request; raise MalformedRequestError with all problems."""
    problems = QueryProblems()
    allowed = parse_allowed_values(request, _ATTRIBUTES, problems, has_alternatives=False)
    problems.extend(
        _problem(f"filter[{name}]", f"Snapshots have one {name}, not {len(values)}.")
        for name, values in allowed.items()
        if len(values) != 1
    )
    wanted = {name: next(iter(values)) for name, values in allowed.items() if len(values) == 1}
    given = dict(request.query)
    newest_first = _SORTS.get(given.get("sort", "-commitDateTime"))
    if newest_first is None:
        problems.append(_problem("sort", f"Snapshots are sorted by one of {', '.join(_SORTS)}."))
    author, identifier = wanted.get("author"), wanted.get("id")
    instance_id = wanted.get("instanceId")
    if instance_id is None and identifier is not None:
        instance_id = identifier.rpartition("/")[0]
    if instance_id is not None and not _INSTANCE_ID_FORMAT.fullmatch(instance_id):
        problems.append(
            _problem("filter[instanceId]", "An instanceId has the form <type>/<id>.")
            if "instanceId" in wanted
            else _problem("filter[id]", "The id of a snapshot has the form <type>/<id>/<time>.")
        )
    if author is not None and len(author) > MAX_USERNAME_LENGTH:
        detail = (
            f"The author has {len(author)} characters; a user name has at most "
            f"{MAX_USERNAME_LENGTH}."
        )
        problems.append(_problem("filter[author]", detail))
    if not allowed:
        detail = "Name a record with filter[instanceId], or an author with filter[author]."
        problems.append(_problem("filter[instanceId]", detail))
    numbers = {}
    for name, (minimum, maximum, default) in _PAGE.items():
        with problems.collect():
            text = given.get(name, str(default))
            numbers[name] = parse_whole_number(name, text, minimum, maximum)
    problems.raise_if_any()
    return SnapshotQuery(
        identifier=identifier,
        instance_id=instance_id,
        author=author,
        newest_first=newest_first is not False,
        offset=numbers["page[offset]"],
        limit=numbers["page[limit]"],
    )


def snapshots_response(request: Request, query: SnapshotQuery, page: SnapshotPage) -> Response:
    """Return a page of snapshots, with the link to the next page.

    It has fewer snapshots if it would be too large for a response.
    """
    presented = [_present(one) for one in page.snapshots]
    sizes = (payload_bytes(encode(one)) for one in presented)
    presented = presented[: count_fitting(sizes, MAX_LIST_BYTES)]
    links = {"self": request.url(request.query)}
    next_offset = query.offset + len(presented)
    if presented and next_offset < page.total and next_offset <= MAX_OFFSET:
        kept = [pair for pair in request.query if pair[0] != "page[offset]"]
        links["next"] = request.url([*kept, ("page[offset]", str(next_offset))])
    meta: dict[str, object] = {"totalResourceCount": page.total, "moduleVersion": __version__}
    if page.is_lower_bound:
        meta["totalIsLowerBound"] = True
    return Response.of_json({"data": presented, "links": links, "meta": meta})


def _present(snapshot: Snapshot) -> dict[str, object]:
    shown = {name: value for name, value in snapshot.items() if name != "ownerSubject"}
    return resource(TYPE, snapshot_id(snapshot), shown)


def _problem(name: str, detail: str) -> Problem:
    return Problem("malformed_parameter", detail, parameter=name[:100])

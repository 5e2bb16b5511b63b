"""Parse requests for audit snapshots, and present the snapshots."""

from __future__ import annotations

import re

from coffer import __version__
from coffer.domain.callers import MAX_USERNAME_LENGTH
from coffer.domain.changes.history import SnapshotPage, SnapshotQuery
from coffer.domain.changes.ports import Snapshot
from coffer.domain.errors import Problem
from coffer.http.documents import resource
from coffer.http.requests import QueryProblems, Request, parse_whole_number
from coffer.http.responses import Response, count_fitting, encode, payload_bytes

TYPE = "audit-snapshot"
DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 20, 1000, 10_000
MAX_LIST_BYTES = 5_000_000
"""A Lambda response has at most 6 MB. The rest is for the other members of the document."""
_INSTANCE_ID_FORMAT = re.compile(r"[a-z]+(-[a-z]+)*/[0-9A-Za-z_-]{1,64}")
_INSTANCE_ID = ("filter[instanceId]", "filter[instanceId][EQ]")
_AUTHOR = ("filter[author]", "filter[author][EQ]")
_SORTS = {"-commitDateTime": True, "-createdOn": True, "commitDateTime": False, "createdOn": False}
"""True for the newest first. dina-ui sorts by `createdOn`, which is no attribute of snapshots."""
_PAGE = {
    "page[limit]": (1, MAX_LIMIT, DEFAULT_LIMIT),
    "page[offset]": (0, MAX_OFFSET, 0),
}
"""Minimum, maximum and default of each number."""


def parse_snapshot_query(request: Request) -> SnapshotQuery:
    """Return the query of a request; raise MalformedRequestError with all problems."""
    problems = QueryProblems(
        _problem(name, f"Snapshots are filtered by instanceId and author, not by {name[:60]!r}.")
        for name, _ in request.query
        if name.startswith("filter[") and name not in {*_INSTANCE_ID, *_AUTHOR}
    )
    given = dict(request.query)
    newest_first = _SORTS.get(given.get("sort", "-commitDateTime"))
    if newest_first is None:
        problems.append(_problem("sort", f"Snapshots are sorted by one of {', '.join(_SORTS)}."))
    instance_id = next((given[name] for name in _INSTANCE_ID if name in given), None)
    author = next((given[name] for name in _AUTHOR if name in given), None)
    if instance_id is not None and not _INSTANCE_ID_FORMAT.fullmatch(instance_id):
        problems.append(_problem(_INSTANCE_ID[0], "An instanceId has the form <type>/<id>."))
    if author is not None and len(author) > MAX_USERNAME_LENGTH:
        detail = (
            f"The author has {len(author)} characters; a user name has at most "
            f"{MAX_USERNAME_LENGTH}."
        )
        problems.append(_problem(_AUTHOR[0], detail))
    if not instance_id and not author:
        detail = "Name a record with filter[instanceId], or an author with filter[author]."
        problems.append(_problem(_INSTANCE_ID[0], detail))
    numbers = {}
    for name, (minimum, maximum, default) in _PAGE.items():
        with problems.collect():
            text = given.get(name, str(default))
            numbers[name] = parse_whole_number(name, text, minimum, maximum)
    problems.raise_if_any()
    return SnapshotQuery(
        instance_id=instance_id or None,
        author=author or None,
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
    identifier = f"{snapshot['instanceId']}/{snapshot['commitDateTime']}"
    shown = {name: value for name, value in snapshot.items() if name != "ownerSubject"}
    return resource(TYPE, identifier, shown)


def _problem(name: str, detail: str) -> Problem:
    return Problem("malformed_parameter", detail, parameter=name[:100])

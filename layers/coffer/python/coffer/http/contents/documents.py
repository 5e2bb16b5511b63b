"""Parse the page that is requested of an archive's members, and present the page."""

from __future__ import annotations

from typing import Any

from coffer import __version__
from coffer.domain.contents.fields import ARCHIVE_MEMBER_FIELDS
from coffer.domain.contents.record import START, MembersPage, Position, wrong_cursor
from coffer.domain.uploads.record import ObjectUpload
from coffer.http.documents import resource
from coffer.http.listing.cursors import decode_bound, encode_bound
from coffer.http.requests import Request, parse_whole_number
from coffer.http.responses import Response

DEFAULT_LIMIT, MAX_LIMIT = 20, 1000
_CURSOR = "page[cursor]"
_MAX_INTEGER = 2**63


def parse_members_page(request: Request, identifier: str) -> tuple[Position, int]:
    """Return where the page begins and its size; raise MalformedRequestError."""
    given = request.parameter("page[limit]")
    limit = parse_whole_number("page[limit]", given, 1, MAX_LIMIT) if given else DEFAULT_LIMIT
    cursor = request.parameter(_CURSOR)
    if cursor is None:
        return START, limit
    match decode_bound(cursor, _owner(identifier)):
        case [int() as offset, int() as number]:
            if 0 <= offset < _MAX_INTEGER and 0 <= number < _MAX_INTEGER:
                return Position(offset, number), limit
    raise wrong_cursor()


def members_response(request: Request, upload: ObjectUpload, page: MembersPage) -> Response:
    """Return a page of members, with `links.next` if another page may follow."""
    identifier = upload.file_identifier
    links = {"self": request.url(request.query)}
    if page.next is not None:
        kept = [pair for pair in request.query if pair[0] != _CURSOR]
        cursor = encode_bound(list(page.next), _owner(identifier))
        links["next"] = request.url([*kept, (_CURSOR, cursor)])
    meta: dict[str, Any] = {"totalResourceCount": page.total, "moduleVersion": __version__}
    if page.is_lower_bound:
        meta["totalIsLowerBound"] = True
    if page.damage is not None:
        meta["warnings"] = {"archive_damaged": page.damage}
    data = [
        resource(
            ARCHIVE_MEMBER_FIELDS.type,
            f"{identifier}:{member.number}",
            ARCHIVE_MEMBER_FIELDS.present(member),
        )
        for member in page.members
    ]
    return Response.of_json({"data": data, "links": links, "meta": meta})


def _owner(identifier: str) -> str:
    """Return the text that binds a cursor to the members of one file."""
    return f"contents of {identifier}"

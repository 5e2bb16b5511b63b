"""Create the responses of the routes of relationships (JSON:API 1.1, 6.2 and 6.3).

`…/{id}/{relation}` returns the related records, and `…/{id}/relationships/{relation}` their types
and ids. A related record that was deleted, or that the caller may not read, is left out.
"""

from __future__ import annotations

from typing import Any

from coffer import __version__
from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import NotFoundError
from coffer.domain.fields import Relationship
from coffer.domain.listing.fields import fields_of
from coffer.domain.listing.index_keys import Kind, ListedRecord
from coffer.domain.listing.pages import ListPage
from coffer.domain.listing.ports import Lists
from coffer.domain.listing.related import find_one, find_related, read_derivatives
from coffer.domain.metadata.ports import Catalogue
from coffer.http.api import require_parameters
from coffer.http.documents import relationship_links, resource_url
from coffer.http.fields import find_relationship, linkage_of
from coffer.http.listing.queries import ListQuery, parse_list_query, parse_view
from coffer.http.listing.responses import (
    identifier_of,
    page_members,
    page_response,
    related_record_response,
)
from coffer.http.requests import Request
from coffer.http.responses import Response


def related_response(
    request: Request,
    caller: Caller,
    record: ListedRecord,
    lists: Lists,
    catalogue: Catalogue,
    clock: Clock,
) -> Response:
    """Return the record or the page of records at the other end of a relationship of `record`.

    The data is null if there is no record.
    """
    relationship = find_relationship(request, fields_of(record))
    if relationship.is_external:
        require_parameters(request, "")
        _require_unset(request, record, relationship)
        return related_record_response(request, None)
    kind = Kind(relationship.target)
    if relationship.is_many:
        wanted, page = _read_page(request, caller, record, lists, catalogue, clock)
        include = wanted.view.include
        related = find_related(lists, catalogue, caller, kind, page.records, include)
        return page_response(request, wanted, page, related)
    view = parse_view(request, kind)
    one = find_one(lists, catalogue, caller, record, relationship.name)
    if one is None:
        return related_record_response(request, None)
    related = find_related(lists, catalogue, caller, kind, [one], view.include)
    return related_record_response(request, one, view, related)


def relationship_response(
    request: Request,
    caller: Caller,
    record: ListedRecord,
    lists: Lists,
    catalogue: Catalogue,
    clock: Clock,
) -> Response:
    """Return the types and ids at the other end of a relationship of `record`, and its links."""
    relationship = find_relationship(request, fields_of(record))
    links = relationship_links(_url(request, record), relationship)
    if relationship.is_many:
        wanted, page = _read_page(request, caller, record, lists, catalogue, clock)
        data = [identifier_of(one) for one in page.records]
        members = page_members(request, wanted, page)
        members["links"] = links | members["links"]
        return Response.of_json({"data": data, **members})
    require_parameters(request, "")
    if relationship.is_external:
        linkage = linkage_of(relationship, record)
    else:
        one = find_one(lists, catalogue, caller, record, relationship.name)
        linkage = None if one is None else identifier_of(one)
    meta = {"moduleVersion": __version__}
    return Response.of_json({"data": linkage, "links": links, "meta": meta})


def _read_page(
    request: Request,
    caller: Caller,
    record: ListedRecord,
    lists: Lists,
    catalogue: Catalogue,
    clock: Clock,
) -> tuple[ListQuery, ListPage]:
    """Return the query of the request, and its page of the derivatives of a metadata record."""
    wanted = parse_list_query(request, Kind.DERIVATIVE)
    identifier = identifier_of(record)["id"]
    return wanted, read_derivatives(
        lists, catalogue, clock, caller, identifier, wanted.query, wanted.page
    )


def _require_unset(request: Request, record: ListedRecord, relationship: Relationship) -> None:
    """Raise NotFoundError if another service has the related resource."""
    if linkage_of(relationship, record) is not None:
        links = relationship_links(_url(request, record), relationship)
        raise NotFoundError(
            "resource_of_another_service",
            f"{relationship.name} is a {relationship.target} of another service. "
            f"{links['self']} returns its id.",
        )


def _url(request: Request, record: ListedRecord) -> str:
    linkage: dict[str, Any] = identifier_of(record)
    return resource_url(request.base_url, linkage["type"], linkage["id"])

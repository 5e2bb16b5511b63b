"""Create responses with one record, a page of a list, or records loaded by their ids.

Relationships are shown if the request includes them, and those to persons always, because another
service has the persons. A document includes each related record once, if the caller may read it.
Shown relationships link to the routes that return the related records and only their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from coffer import __version__
from coffer.domain.callers import Caller
from coffer.domain.listing.fields import fields_of
from coffer.domain.listing.index_keys import Kind, ListedRecord
from coffer.domain.listing.pages import ListPage
from coffer.domain.listing.permissions import permissions_of
from coffer.domain.listing.ports import Lists
from coffer.domain.listing.related import DERIVATIVES, RelatedRecords, find_related
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.permissions.rights import PROVIDER
from coffer.domain.uploads.record import ObjectUpload
from coffer.http.documents import relationship_links, resource_response, resource_url
from coffer.http.fields import linkage_of, present_record
from coffer.http.listing.cursors import encode_cursor
from coffer.http.listing.queries import ListQuery, View, parse_view
from coffer.http.requests import Request
from coffer.http.responses import (
    Response,
    count_fitting,
    encode,
    payload_bytes,
    require_fitting,
)
from coffer.http.transactions.bulk import bulk_response, parse_identifiers
from coffer.http.uploads.documents import present_upload

MAX_LIST_BYTES = 5_000_000
"""A Lambda response has at most 6 MB. The rest is for the other members of the document."""
PERMISSIONS_HEADER = "include-dina-permission"

_Document = dict[str, Any]


def record_response(
    request: Request,
    record: ListedRecord,
    view: View,
    related: RelatedRecords,
    caller: Caller,
    progress: Mapping[str, int] | None = None,
) -> Response:
    """Return one record, and the progress of an upload that is not finished.

    The ETag is the record's version. It does not cover included records, so `If-None-Match` is
    ignored if the request includes some.
    """
    data, included = _present(request, record, view, related)
    if request.header(PERMISSIONS_HEADER):
        meta = {
            "permissionsProvider": PROVIDER,
            "permissions": permissions_of(caller, record),
        }
        data["meta"] = data.get("meta", {}) | meta
    version: int | str = record.version
    if progress is not None:
        data["meta"] = data.get("meta", {}) | progress
        version = "-".join(["upload", *map(str, progress.values())])
    response = resource_response(
        request,
        data,
        version=version,
        included=_without_repetitions(included) if view.include else None,
    )
    require_fitting(payload_bytes(str(response.body)))
    return response


def related_record_response(
    request: Request,
    record: ListedRecord | None,
    view: View | None = None,
    related: RelatedRecords | None = None,
) -> Response:
    """Return the record that another one is related to, or null.

    It has no ETag: the address can have another record later, of the same version.
    """
    document: _Document = {"data": None}
    if record is not None:
        view = view or View()
        document["data"], included = _present(request, record, view, related or RelatedRecords())
        if view.include:
            document["included"] = _without_repetitions(included)
    document["links"] = {"self": request.url(request.query)}
    document["meta"] = {"moduleVersion": __version__}
    response = Response.of_json(document)
    require_fitting(payload_bytes(str(response.body)))
    return response


def page_response(
    request: Request, wanted: ListQuery, page: ListPage, related: RelatedRecords
) -> Response:
    """Return a page of a list, with fewer records if it would be too large for a response."""
    presented = [_present(request, record, wanted.view, related) for record in page.records]
    page = page.cut(_fitting(presented))
    presented = presented[: len(page.entries)]
    document: _Document = {"data": [data for data, _ in presented]}
    if wanted.view.include:
        document["included"] = _without_repetitions(
            one for _, included in presented for one in included
        )
    document |= page_members(request, wanted, page)
    response = Response.of_json(document)
    require_fitting(payload_bytes(str(response.body)))
    return response


def page_members(request: Request, wanted: ListQuery, page: ListPage) -> _Document:
    """Return the members `links` and `meta` of a page."""
    meta: _Document = {"totalResourceCount": page.total, "moduleVersion": __version__}
    if page.is_lower_bound:
        meta["totalIsLowerBound"] = True
    return {"links": _links(request, wanted, page), "meta": meta}


def bulk_load_response(
    request: Request,
    kind: Kind,
    caller: Caller,
    load: Callable[[Caller, Sequence[str]], Sequence[ListedRecord]],
    lists: Lists,
    catalogue: Catalogue,
) -> Response:
    """Return the records whose ids are in the request body. `load` reads them."""
    view = parse_view(request, kind)
    records = load(caller, parse_identifiers(request, kind))
    related = find_related(lists, catalogue, caller, kind, records, view.include)
    presented = [_present(request, record, view, related) for record in records]
    included = _without_repetitions(one for _, others in presented for one in others)
    return bulk_response([data for data, _ in presented], included if view.include else None)


def _links(request: Request, wanted: ListQuery, page: ListPage) -> _Document:
    links = {"self": request.url(request.query)}
    if page.next_cursor is not None:
        kept = [pair for pair in request.query if pair[0] not in ("page[cursor]", "page[offset]")]
        cursor = encode_cursor(page.next_cursor, wanted.query)
        links["next"] = request.url([*kept, ("page[cursor]", cursor)])
    return links


def _fitting(presented: Sequence[tuple[_Document, Sequence[_Document]]]) -> int:
    """Return how many resources, with their included ones, fit into a response; at least one."""
    seen: set[tuple[str, str]] = set()
    sizes = []
    for data, included in presented:
        new = {_key(one): one for one in included if _key(one) not in seen}
        seen.update(new)
        sizes.append(sum(payload_bytes(encode(one)) for one in (data, *new.values())))
    return count_fitting(sizes, MAX_LIST_BYTES)


def _without_repetitions(included: Iterable[_Document]) -> list[_Document]:
    return list({_key(one): one for one in included}.values())


def _key(resource: _Document) -> tuple[str, str]:
    return resource["type"], resource["id"]


def _present(
    request: Request, record: ListedRecord, view: View, related: RelatedRecords
) -> tuple[_Document, list[_Document]]:
    """Return the resource of a record, and the resources that it includes."""
    data = _resource(request, record, view)
    url = resource_url(request.base_url, data["type"], data["id"])
    included: list[ListedRecord] = []
    for name in view.include:
        linkage, others = _relationship(name, record, related)
        if linkage is not None:
            links = relationship_links(url, fields_of(record).relationship[name])
            data.setdefault("relationships", {})[name] = {"data": linkage, "links": links}
            included += others
    return data, [_resource(request, other, view) for other in included]


def _relationship(
    name: str, record: ListedRecord, related: RelatedRecords
) -> tuple[_Document | list[_Document] | None, Sequence[ListedRecord]]:
    """Return the linkage of a relationship (None if it is not set), and the related records."""
    if name == DERIVATIVES:
        derivatives = related.derivatives.get(record.identifier, ())
        return [identifier_of(one) for one in derivatives], derivatives
    linkage = linkage_of(fields_of(record).relationship[name], record)
    other = linkage and related.linked.get((linkage["type"], linkage["id"]))
    return linkage, (other,) if other else ()


def identifier_of(record: ListedRecord) -> _Document:
    """Return the type and the id of a record."""
    fields = fields_of(record)
    return {"type": fields.type, "id": getattr(record, fields.identifier)}


def _resource(request: Request, record: ListedRecord, view: View) -> _Document:
    """Return the resource of a record, with the wanted fields only."""
    if isinstance(record, ObjectUpload):
        data = present_upload(record, duplicate_found=record.duplicate_found)
    else:
        data = present_record(fields_of(record), record, request.base_url)
    wanted = view.fields.get(data["type"])
    if wanted is None:
        return data
    data["attributes"] = _only(data["attributes"], wanted)
    data["relationships"] = _only(data.get("relationships", {}), wanted)
    return {name: value for name, value in data.items() if value or name != "relationships"}


def _only(members: Mapping[str, Any], wanted: frozenset[str]) -> _Document:
    return {name: value for name, value in members.items() if name in wanted}

"""Records as documents: one or a page of them, with what they include, and only what was wanted.

Relationships show where they are asked for by `include`; to persons, whom another service keeps,
always. What is included is in the document once, and only if the caller may read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from coffer import __version__
from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.counters import kind_of
from coffer.domain.listing.index_keys import Kind, Record
from coffer.domain.listing.pages import ListPage
from coffer.domain.listing.permissions import PROVIDER, permissions_of
from coffer.domain.listing.related import DERIVATIVES, RelatedRecords
from coffer.domain.listing.resources import RESOURCES, identifier_of, related_ids
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload
from coffer.http.derivatives.documents import present_derivative
from coffer.http.documents import resource_response
from coffer.http.listing.cursors import encode_cursor
from coffer.http.listing.queries import ListQuery, View
from coffer.http.metadata.documents import present_metadata
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import bulk_response
from coffer.http.uploads.documents import present_upload

MAX_LIST_BYTES = 5_000_000
"""Lambda takes 6 MB; the rest is for the envelope, and for escapes in it."""
PERMISSIONS_HEADER = "include-dina-permission"

Document = dict[str, Any]


def record_document_response(
    request: Request, record: Record, view: View, related: RelatedRecords, caller: Caller
) -> Response:
    """One record. Its ETag is its version, which says nothing of what is included: with `include`,
    a condition is passed over."""
    data, included = _present(record, view, related)
    if request.header(PERMISSIONS_HEADER):
        meta = {
            "permissionsProvider": PROVIDER,
            "permissions": permissions_of(caller, record),
        }
        data["meta"] = data.get("meta", {}) | meta
    return resource_response(
        request,
        data,
        version=record.version,
        included=_once(included) if view.include else None,
    )


def page_response(
    request: Request, asked: ListQuery, listing: ListPage, related: RelatedRecords
) -> Response:
    """A page of a list, cut short where it would pass what an answer may weigh."""
    presented = [_present(record, asked.view, related) for record in listing.records]
    fitting = listing.cut(_fitting(presented))
    kept = presented[: len(fitting.listed)]
    document: Document = {"data": [data for data, _ in kept]}
    if asked.view.include:
        document["included"] = _once(one for _, included in kept for one in included)
    document["links"] = _links(request, asked, fitting)
    document["meta"] = _meta(fitting)
    return Response.of_json(document)


def loaded_response(records: Sequence[Record], view: View, related: RelatedRecords) -> Response:
    """Records that were asked for by their ids."""
    presented = [_present(record, view, related) for record in records]
    included = _once(one for _, others in presented for one in others)
    return bulk_response([data for data, _ in presented], included if view.include else None)


def _meta(listing: ListPage) -> Document:
    meta: Document = {"totalResourceCount": listing.total, "moduleVersion": __version__}
    return meta | ({"totalIsLowerBound": True} if listing.is_lower_bound else {})


def _links(request: Request, asked: ListQuery, listing: ListPage) -> Document:
    url = f"{request.base_url}{request.path}"
    links = {"self": f"{url}?{_query(request.query)}" if request.query else url}
    if listing.following is not None:
        kept = [pair for pair in request.query if pair[0] not in ("page[cursor]", "page[offset]")]
        cursor = encode_cursor(listing.following, asked.query)
        links["next"] = f"{url}?{_query([*kept, ('page[cursor]', cursor)])}"
    return links


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return urlencode(pairs, quote_via=quote)


def _fitting(presented: Sequence[tuple[Document, Sequence[Document]]]) -> int:
    """How many of the resources, with what they include, an answer takes: one at least."""
    weight = 0
    seen: set[tuple[str, str]] = set()
    for number, (data, included) in enumerate(presented):
        new = {_name(one): one for one in included if _name(one) not in seen}
        seen.update(new)
        weight += sum(len(json.dumps(one).encode()) for one in (data, *new.values()))
        if weight > MAX_LIST_BYTES and number > 0:
            return number
    return len(presented)


def _once(included: Iterable[Document]) -> list[Document]:
    return list({_name(one): one for one in included}.values())


def _name(document: Document) -> tuple[str, str]:
    return document["type"], document["id"]


def _present(
    record: Record, view: View, related: RelatedRecords
) -> tuple[Document, list[Document]]:
    """A record's resource, and the resources that it includes."""
    data = _resource(record, view)
    included: list[Record] = []
    for name in view.include:
        linkage, others = _relationship(name, record, related)
        if linkage is not None:
            data.setdefault("relationships", {})[name] = {"data": linkage}
            included += others
    return data, [_resource(other, view) for other in included]


def _relationship(
    name: str, record: Record, related: RelatedRecords
) -> tuple[Document | list[Document] | None, Sequence[Record]]:
    """The linkage of a relationship, None where it leads nowhere, and the records it leads to."""
    if name == DERIVATIVES:
        made = related.made_from.get(identifier_of(record), ())
        return [_linkage(Kind.DERIVATIVE, one.identifier) for one in made], made
    identifier = related_ids(record).get(name)
    if identifier is None:
        return None, ()
    target = RESOURCES[kind_of(record)].relationships[name].target
    other = related.linked.get((target, identifier))
    return _linkage(target, identifier), (other,) if other else ()


def _linkage(kind: str, identifier: str) -> Document:
    return {"type": str(kind), "id": identifier}


def _resource(record: Record, view: View) -> Document:
    """The resource of a record, with those of its fields that are wanted."""
    match record:
        case ObjectUpload():
            data = present_upload(record, duplicate_found=record.duplicate_found)
        case Metadata():
            data = present_metadata(record)
        case Derivative():
            data = present_derivative(record)
    wanted = view.fields.get(data["type"])
    if wanted is None:
        return data
    data["attributes"] = _only(data["attributes"], wanted)
    data["relationships"] = _only(data.get("relationships", {}), wanted)
    return {name: value for name, value in data.items() if value or name != "relationships"}


def _only(members: Mapping[str, Any], wanted: frozenset[str]) -> Document:
    return {name: value for name, value in members.items() if name in wanted}

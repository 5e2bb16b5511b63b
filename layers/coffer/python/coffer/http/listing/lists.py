"""Routes of records: the list of a kind, and one record with what it includes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.listing.counters import kind_of
from coffer.domain.listing.index_keys import Kind, Record
from coffer.domain.listing.pages import read_page
from coffer.domain.listing.ports import Lists
from coffer.domain.listing.related import find_related
from coffer.domain.metadata.ports import Catalogue
from coffer.http.listing.documents import loaded_response, page_response, record_document_response
from coffer.http.listing.queries import View, parse_list_query
from coffer.http.requests import Request
from coffer.http.responses import Response


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where records are read from."""

    lists: Lists
    catalogue: Catalogue
    clock: Clock


def list_response(request: Request, kind: Kind, caller: Caller, records: Records) -> Response:
    """The page of this kind's list that the request asks for; raises a RequestError."""
    asked = parse_list_query(request, kind)
    listing = read_page(records.lists, records.clock, caller, asked.query, asked.page)
    related = find_related(
        records.lists, records.catalogue, caller, kind, listing.records, asked.view.include
    )
    return page_response(request, asked, listing, related)


def loaded_records_response(
    kind: Kind, loaded: Sequence[Record], view: View, caller: Caller, records: Records
) -> Response:
    """The records with what the request wants to see of them."""
    related = find_related(
        records.lists, records.catalogue, caller, kind, list(loaded), view.include
    )
    return loaded_response(loaded, view, related)


def record_response(
    request: Request, record: Record, view: View, caller: Caller, records: Records
) -> Response:
    """The record with what the request wants to see of it and about it."""
    related = find_related(
        records.lists, records.catalogue, caller, kind_of(record), [record], view.include
    )
    return record_document_response(request, record, view, related, caller)

"""Create responses with one vocabulary term, or with a page of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffer.domain.fields import FieldType
from coffer.domain.vocabulary.fields import TERM_FIELDS
from coffer.domain.vocabulary.terms import Term
from coffer.http.fields import present_record, written_response
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response

DEFAULT_LIMIT = 20


def present_term(term: Term) -> dict[str, Any]:
    """Return the resource of a term."""
    return present_record(TERM_FIELDS[type(term)], term)


def term_response(request: Request, term: Term, *, created: bool = False) -> Response:
    """Return one term, with 201 if the request created it. Its ETag is its version."""
    return written_response(request, TERM_FIELDS[type(term)], term, created=created)


def terms_response(request: Request, kind: type[Term], terms: Sequence[Term]) -> Response:
    """Return a page of the terms that meet the request's filters, and the number of all of them."""
    attributes = TERM_FIELDS[kind].attributes
    comparable = [one.name for one in attributes if one.type is not FieldType.DESCRIPTIONS]
    query = parse_in_memory_query(request, (*comparable, "id"))
    resources = {term.identifier: present_term(term) for term in terms}
    matching = query.matching(
        {**_texts(one["attributes"]), "id": identifier} for identifier, one in resources.items()
    )
    end = query.offset + (query.limit or DEFAULT_LIMIT)
    links = {"self": request.url(request.query)}
    if end < len(matching):
        kept = [pair for pair in request.query if pair[0] != "page[offset]"]
        links["next"] = request.url([*kept, ("page[offset]", str(end))])
    return Response.of_json(
        {
            "data": [resources[entry["id"]] for entry in matching[query.offset : end]],
            "links": links,
            "meta": {"totalResourceCount": len(matching)},
        }
    )


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes as texts, which filters compare."""
    return {name: _text(value) for name, value in attributes.items()}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " | ".join(value)
    return str(value or "")

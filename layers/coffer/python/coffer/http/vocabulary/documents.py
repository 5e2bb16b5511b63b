"""The vocabulary at the edge: what callers send of its terms, and how terms are answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from coffer.domain.fields import RecordFields
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from coffer.domain.vocabulary.terms import ManagedAttribute, Term
from coffer.http.documents import API_ROOT, check_identifier, read_resource, resource_response
from coffer.http.fields import parse_changes, present_record
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response

DEFAULT_LIMIT = 20


def parse_term_changes(request: Request, fields: RecordFields, identifier: str) -> dict[str, Any]:
    """Return the values that the request body changes in the term `identifier`."""
    document = read_resource(request, fields.type)
    check_identifier(request.json(), identifier)
    return parse_changes(document, fields)


def present_term(term: Term) -> dict[str, Any]:
    """The resource of a term."""
    is_attribute = isinstance(term, ManagedAttribute)
    return present_record(MANAGED_ATTRIBUTE_FIELDS if is_attribute else OBJECT_SUBTYPE_FIELDS, term)


def term_response(request: Request, term: Term, *, created: bool = False) -> Response:
    """One term: 200, or 201 when it has just been made. Its ETag is its version."""
    return resource_response(request, present_term(term), version=term.version, created=created)


def terms_response(
    request: Request, kind: str, terms: Iterable[Term], attributes: Collection[str]
) -> Response:
    """The list of terms that the query asks for, a page of it, with the number of all that match.

    `attributes` are those that it can be filtered and sorted by.
    """
    resources = {term.identifier: present_term(term) for term in terms}
    entries = [
        {**_texts(one["attributes"]), "id": identifier} for identifier, one in resources.items()
    ]
    query = parse_in_memory_query(request, (*attributes, "id"))
    matching = query.matching(entries)
    limit = query.limit or DEFAULT_LIMIT
    page = matching[query.offset : query.offset + limit]
    following = query.offset + limit
    links = {"self": _link(request, kind, request.query)}
    if following < len(matching):
        kept = [pair for pair in request.query if pair[0] != "page[offset]"]
        links["next"] = _link(request, kind, [*kept, ("page[offset]", str(following))])
    return Response.of_json(
        {
            "data": [resources[entry["id"]] for entry in page],
            "links": links,
            "meta": {"totalResourceCount": len(matching)},
        }
    )


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The attributes as texts, which is what filters compare."""
    return {name: _as_text(value) for name, value in attributes.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return " | ".join(one["desc"] for one in value["descriptions"])
    return " | ".join(value) if isinstance(value, list) else str(value or "")


def _link(request: Request, kind: str, query: Iterable[tuple[str, str]]) -> str:
    encoded = urlencode(list(query), quote_via=quote)
    return f"{request.base_url}{API_ROOT}/{kind}{f'?{encoded}' if encoded else ''}"

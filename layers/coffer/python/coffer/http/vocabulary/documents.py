"""The vocabulary at the edge: what callers send of its terms, and how terms are answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.attributes import managed_attribute_attributes, object_subtype_attributes
from coffer.domain.vocabulary.edit import NewManagedAttribute, NewObjectSubtype
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    OBJECT_SUBTYPE,
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
)
from coffer.http import field_types as shape
from coffer.http.documents import API_ROOT, read_resource, resource, resource_response
from coffer.http.field_types import Attributes, ShapeError, read_attributes
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response

DEFAULT_LIMIT = 20
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


def _element_type(value: Any) -> ElementType:
    if not isinstance(value, str) or value not in ElementType.__members__:
        raise ShapeError(f"must be one of {', '.join(ElementType)}")
    return ElementType(value)


def _descriptions(value: Any) -> tuple[Description, ...]:
    given = value.get("descriptions") if isinstance(value, dict) else None
    if not isinstance(given, list) or not all(map(_is_description, given)):
        raise ShapeError('must be {"descriptions": [{"lang": …, "desc": …}]}')
    return tuple(
        Description(shape.plain_text(one["lang"]) or "", shape.plain_text(one["desc"]) or "")
        for one in given
    )


def _is_description(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"lang", "desc"}


MANAGED_ATTRIBUTES: Attributes = (
    ("name", "name", shape.plain_text),
    ("vocabularyElementType", "vocabulary_element_type", _element_type),
    ("acceptedValues", "accepted_values", shape.texts),
    ("multilingualDescription", "multilingual_description", _descriptions),
)
OBJECT_SUBTYPES: Attributes = (
    ("dcType", "dc_type", shape.dc_type),
    ("acSubtype", "ac_subtype", shape.plain_text),
)
SET_BY_THE_SERVER = frozenset({"createdBy", "createdOn"})
_OF_ATTRIBUTES = SET_BY_THE_SERVER | {"key"}


def read_new_managed_attribute(request: Request) -> NewManagedAttribute:
    """The managed attribute that the body describes."""
    return NewManagedAttribute(
        **_read(request, MANAGED_ATTRIBUTE, MANAGED_ATTRIBUTES, _OF_ATTRIBUTES)
    )


def read_new_object_subtype(request: Request) -> NewObjectSubtype:
    """The subtype that the body describes."""
    return NewObjectSubtype(**_read(request, OBJECT_SUBTYPE, OBJECT_SUBTYPES, SET_BY_THE_SERVER))


def read_managed_attribute_changes(request: Request, identifier: str) -> dict[str, Any]:
    """What the body changes of a managed attribute; its name and key stay, whatever is sent."""
    changes = _read(
        request,
        MANAGED_ATTRIBUTE,
        MANAGED_ATTRIBUTES,
        _OF_ATTRIBUTES | {"name"},
        changes=identifier,
    )
    if changes.get("multilingual_description", ()) is None:
        changes["multilingual_description"] = ()
    return changes


def read_object_subtype_changes(request: Request, identifier: str) -> dict[str, Any]:
    """What the body changes of a subtype."""
    return _read(request, OBJECT_SUBTYPE, OBJECT_SUBTYPES, SET_BY_THE_SERVER, changes=identifier)


def present_term(term: Term) -> dict[str, Any]:
    """The resource of a term."""
    if isinstance(term, ManagedAttribute):
        return resource(MANAGED_ATTRIBUTE, term.identifier, managed_attribute_attributes(term))
    return resource(OBJECT_SUBTYPE, term.identifier, object_subtype_attributes(term))


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


def _read(
    request: Request,
    kind: str,
    shapes: Attributes,
    passed_over: Collection[str],
    *,
    changes: str | None = None,
) -> dict[str, Any]:
    """The fields that the body gives values to; `changes` is the id of the term it is about."""
    document = read_resource(request, kind)
    if changes is not None and str(request.json()["data"].get("id")).lower() != changes:
        raise MalformedRequestError(
            "wrong_identifier",
            "The id of the document is not the one of the path.",
            pointer="/data/id",
        )
    problems: list[Problem] = []
    values = read_attributes(
        kind,
        document.attributes,
        shapes,
        problems,
        passed_over=passed_over,
        clears=changes is not None,
    )
    if problems:
        raise MalformedRequestError.of(problems)
    return values

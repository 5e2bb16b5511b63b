"""Serve the requests that read and edit vocabulary terms, of either kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.fields import FieldType
from coffer.domain.identifiers import parse_identifier
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.domain.vocabulary.edit import change_term, create_term, delete_term
from coffer.domain.vocabulary.fields import TERM_FIELDS
from coffer.domain.vocabulary.ports import Vocabulary
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, Term
from coffer.http.api import require_variable
from coffer.http.documents import check_identifier, read_resource
from coffer.http.fields import parse_changes, parse_new_record, present_record, written_response
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.http.transactions.preconditions import read_precondition

DEFAULT_LIMIT = 20
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


@dataclass(frozen=True, kw_only=True)
class TermEditor(Generic[T]):
    """Serves the requests that create, change and delete terms of one kind."""

    kind: type[T]
    vocabulary: Vocabulary
    idempotency: Idempotency
    clock: Clock

    def create(self, request: Request, caller: Caller) -> Response:
        """Create a term, once for each Idempotency-Key, and return it with 201."""

        def respond(run: Run | None) -> Response:
            given = parse_new_record(request, TERM_FIELDS[self.kind])
            reserved = reserved_identifier(run)
            term = create_term(self.vocabulary, self.clock, caller, self.kind, given, reserved)
            return term_response(request, term, created=True)

        return idempotent_response(request, caller, self.idempotency, respond)

    def change(self, request: Request, caller: Caller) -> Response:
        """Change the term of the path, and return it."""
        identifier = parse_identifier(require_variable(request, "id"), parameter="id")
        precondition = read_precondition(request)
        fields = TERM_FIELDS[self.kind]
        document = read_resource(request, fields.type)
        check_identifier(document, identifier)
        changes = parse_changes(document, fields)
        term = change_term(self.vocabulary, caller, self.kind, identifier, changes, precondition)
        return term_response(request, term)

    def delete(self, request: Request, caller: Caller) -> Response:
        """Delete the term of the path, and return 204."""
        identifier = parse_identifier(require_variable(request, "id"), parameter="id")
        precondition = read_precondition(request)
        delete_term(self.vocabulary, self.clock, caller, self.kind, identifier, precondition)
        return Response(status=HTTPStatus.NO_CONTENT)


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

"""Serve the requests that create, change and delete vocabulary terms."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.domain.vocabulary.edit import change_term, create_term, delete_term
from coffer.domain.vocabulary.fields import TERM_FIELDS
from coffer.domain.vocabulary.ports import Vocabulary
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype
from coffer.http.api import require_variable
from coffer.http.fields import parse_new_record, parse_record_changes
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.http.transactions.preconditions import read_precondition
from coffer.http.vocabulary.responses import term_response

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
        changes = parse_record_changes(request, TERM_FIELDS[self.kind], identifier)
        term = change_term(self.vocabulary, caller, self.kind, identifier, changes, precondition)
        return term_response(request, term)

    def delete(self, request: Request, caller: Caller) -> Response:
        """Delete the term of the path, and return 204."""
        identifier = parse_identifier(require_variable(request, "id"), parameter="id")
        precondition = read_precondition(request)
        delete_term(self.vocabulary, self.clock, caller, self.kind, identifier, precondition)
        return Response(status=HTTPStatus.NO_CONTENT)

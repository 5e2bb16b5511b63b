"""POST, PATCH and DELETE of /api/v1/managed-attribute: which attributes metadata may have."""

from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.domain.vocabulary import edit
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS
from coffer.domain.vocabulary.terms import ManagedAttribute
from coffer.http.api import Api, require_variable
from coffer.http.fields import parse_new_record
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.http.transactions.preconditions import read_precondition
from coffer.http.vocabulary.documents import parse_term_changes, term_response
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/managed-attribute")
def add_managed_attribute(request: Request) -> Response:
    caller = identify(request)

    def make(run: Run | None) -> Response:
        given = parse_new_record(request, MANAGED_ATTRIBUTE_FIELDS)
        reserved = reserved_identifier(run)
        attribute = edit.create_managed_attribute(vocabulary, clock, caller, given, reserved)
        return term_response(request, attribute, created=True)

    return idempotent_response(request, caller, idempotency, make)


@app.route("PATCH /api/v1/managed-attribute/{id}")
def patch_managed_attribute(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = parse_term_changes(request, MANAGED_ATTRIBUTE_FIELDS, identifier)
    attribute = edit.change_managed_attribute(vocabulary, caller, identifier, changes, expected)
    return term_response(request, attribute)


@app.route("DELETE /api/v1/managed-attribute/{id}")
def drop_managed_attribute(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    at = read_precondition(request)
    edit.delete_term(vocabulary, clock, caller, ManagedAttribute, identifier, at)
    return Response(status=204)


lambda_handler = app.handler()

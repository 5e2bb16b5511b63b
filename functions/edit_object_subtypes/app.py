"""POST, PATCH and DELETE of /api/v1/object-subtype: which finer kinds of things there are."""

from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.domain.vocabulary import edit
from coffer.domain.vocabulary.fields import OBJECT_SUBTYPE_FIELDS
from coffer.domain.vocabulary.terms import ObjectSubtype
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


@app.route("POST /api/v1/object-subtype")
def add_object_subtype(request: Request) -> Response:
    caller = identify(request)

    def make(run: Run | None) -> Response:
        given, reserved = parse_new_record(request, OBJECT_SUBTYPE_FIELDS), reserved_identifier(run)
        subtype = edit.create_object_subtype(vocabulary, clock, caller, given, reserved)
        return term_response(request, subtype, created=True)

    return idempotent_response(request, caller, idempotency, make)


@app.route("PATCH /api/v1/object-subtype/{id}")
def patch_object_subtype(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = parse_term_changes(request, OBJECT_SUBTYPE_FIELDS, identifier)
    subtype = edit.change_object_subtype(vocabulary, caller, identifier, changes, expected)
    return term_response(request, subtype)


@app.route("DELETE /api/v1/object-subtype/{id}")
def drop_object_subtype(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    at = read_precondition(request)
    edit.delete_term(vocabulary, clock, caller, ObjectSubtype, identifier, at)
    return Response(status=204)


lambda_handler = app.handler()

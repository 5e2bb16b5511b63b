"""POST, PATCH and DELETE of /api/v1/object-subtype: which finer kinds of things there are."""

from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.idempotency import Idempotency, Run
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary import editing
from coffer.domain.vocabulary.terms import ObjectSubtype
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.idempotency import answer_once, reserved
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.http.vocabulary_documents import (
    answer_term,
    read_new_object_subtype,
    read_object_subtype_changes,
)
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/object-subtype")
def add_object_subtype(request: Request) -> Answer:
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        new = read_new_object_subtype(request)
        subtype = editing.create_object_subtype(vocabulary, clock, caller, new, reserved(run))
        return answer_term(request, subtype, created=True)

    return answer_once(request, caller, idempotency, make)


@app.route("PATCH /api/v1/object-subtype/{id}")
def patch_object_subtype(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = read_object_subtype_changes(request, identifier)
    subtype = editing.change_object_subtype(vocabulary, caller, identifier, changes, expected)
    return answer_term(request, subtype)


@app.route("DELETE /api/v1/object-subtype/{id}")
def drop_object_subtype(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    editing.delete_term(vocabulary, clock, caller, ObjectSubtype, identifier, expected)
    return Answer(status=204)


lambda_handler = app.handler()

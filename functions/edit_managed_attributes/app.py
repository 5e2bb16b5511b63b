"""POST, PATCH and DELETE of /api/v1/managed-attribute: which attributes metadata may have."""

from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.idempotency import Idempotency, Run
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary import editing
from coffer.domain.vocabulary.terms import ManagedAttribute
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.idempotency import answer_once, reserved
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.http.vocabulary_documents import (
    answer_term,
    read_managed_attribute_changes,
    read_new_managed_attribute,
)
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/managed-attribute")
def add_managed_attribute(request: Request) -> Answer:
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        new = read_new_managed_attribute(request)
        attribute = editing.create_managed_attribute(vocabulary, clock, caller, new, reserved(run))
        return answer_term(request, attribute, created=True)

    return answer_once(request, caller, idempotency, make)


@app.route("PATCH /api/v1/managed-attribute/{id}")
def patch_managed_attribute(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = read_managed_attribute_changes(request, identifier)
    attribute = editing.change_managed_attribute(vocabulary, caller, identifier, changes, expected)
    return answer_term(request, attribute)


@app.route("DELETE /api/v1/managed-attribute/{id}")
def drop_managed_attribute(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    editing.delete_term(vocabulary, clock, caller, ManagedAttribute, identifier, expected)
    return Answer(status=204)


lambda_handler = app.handler()

"""POST, PATCH and DELETE of /api/v1/managed-attribute: which attributes metadata may have."""

from coffer.adapters.dynamodb.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary.editing import (
    change_managed_attribute,
    create_managed_attribute,
    delete_term,
)
from coffer.domain.vocabulary.terms import ManagedAttribute
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.http.vocabulary_documents import (
    present_term,
    read_managed_attribute_changes,
    read_new_managed_attribute,
)
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/managed-attribute")
def add_managed_attribute(request: Request) -> Answer:
    caller = identify(request)
    new = read_new_managed_attribute(request)
    attribute = create_managed_attribute(vocabulary, clock, caller, new)
    version = attribute.version
    return answer_resource(request, present_term(attribute), version=version, created=True)


@app.route("PATCH /api/v1/managed-attribute/{id}")
def patch_managed_attribute(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = read_managed_attribute_changes(request, identifier)
    attribute = change_managed_attribute(vocabulary, caller, identifier, changes, expected)
    return answer_resource(request, present_term(attribute), version=attribute.version)


@app.route("DELETE /api/v1/managed-attribute/{id}")
def drop_managed_attribute(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    delete_term(vocabulary, clock, caller, ManagedAttribute, identifier, expected)
    return Answer(status=204)


lambda_handler = app.handler()

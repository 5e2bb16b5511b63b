"""POST, PATCH and DELETE of /api/v1/object-subtype: which finer kinds of things there are."""

from coffer.adapters.dynamodb.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary.editing import (
    change_object_subtype,
    create_object_subtype,
    delete_term,
)
from coffer.domain.vocabulary.terms import ObjectSubtype
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.http.vocabulary_documents import (
    present_term,
    read_new_object_subtype,
    read_object_subtype_changes,
)
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/object-subtype")
def add_object_subtype(request: Request) -> Answer:
    caller = identify(request)
    new = read_new_object_subtype(request)
    subtype = create_object_subtype(vocabulary, clock, caller, new)
    version = subtype.version
    return answer_resource(request, present_term(subtype), version=version, created=True)


@app.route("PATCH /api/v1/object-subtype/{id}")
def patch_object_subtype(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    changes = read_object_subtype_changes(request, identifier)
    subtype = change_object_subtype(vocabulary, caller, identifier, changes, expected)
    return answer_resource(request, present_term(subtype), version=subtype.version)


@app.route("DELETE /api/v1/object-subtype/{id}")
def drop_object_subtype(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    expected = read_precondition(request)
    delete_term(vocabulary, clock, caller, ObjectSubtype, identifier, expected)
    return Answer(status=204)


lambda_handler = app.handler()

"""GET /api/v1/object-subtype and /api/v1/object-subtype/{id}: finer kinds of things."""

from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary.edit import read_term
from coffer.domain.vocabulary.terms import OBJECT_SUBTYPE, ObjectSubtype
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.vocabulary.documents import term_response, terms_response
from coffer.identification import configured_identify

ATTRIBUTES = ("dcType", "acSubtype", "createdBy", "createdOn")

identify = configured_identify()
vocabulary = DynamoVocabulary()
app = Api()


@app.route("GET /api/v1/object-subtype")
def list_object_subtypes(request: Request) -> Response:
    identify(request)
    terms = vocabulary.all_of(ObjectSubtype)
    return terms_response(request, OBJECT_SUBTYPE, terms, ATTRIBUTES)


@app.route("GET /api/v1/object-subtype/{id}")
def show_object_subtype(request: Request) -> Response:
    identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    subtype = read_term(vocabulary, ObjectSubtype, identifier)
    return term_response(request, subtype)


lambda_handler = app.handler()

"""List object subtypes, and show one (GET /api/v1/object-subtype and …/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.domain.identifiers import parse_identifier
from coffer.domain.vocabulary.read import read_term
from coffer.domain.vocabulary.terms import ObjectSubtype
from coffer.http.api import SHORT_LIST_QUERY, Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.vocabulary.responses import term_response, terms_response
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
app = Api()


@app.route("GET /api/v1/object-subtype", query=SHORT_LIST_QUERY)
def list_object_subtypes(request: Request) -> Response:
    identify(request)
    return terms_response(request, ObjectSubtype, vocabulary.all_of(ObjectSubtype))


@app.route("GET /api/v1/object-subtype/{id}")
def show_object_subtype(request: Request) -> Response:
    identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    return term_response(request, read_term(vocabulary, ObjectSubtype, identifier))


lambda_handler = app.handler()

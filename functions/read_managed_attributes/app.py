"""List managed attributes, and show one (GET /api/v1/managed-attribute and …/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.domain.identifiers import is_identifier
from coffer.domain.vocabulary.read import read_term, read_term_by_name
from coffer.domain.vocabulary.terms import ManagedAttribute
from coffer.http.api import SHORT_LIST_QUERY, Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.vocabulary.responses import term_response, terms_response
from coffer.identification import configured_identify

identify = configured_identify()
vocabulary = DynamoVocabulary()
app = Api()


@app.route("GET /api/v1/managed-attribute", query=SHORT_LIST_QUERY)
def list_managed_attributes(request: Request) -> Response:
    identify(request)
    return terms_response(request, ManagedAttribute, vocabulary.all_of(ManagedAttribute))


@app.route("GET /api/v1/managed-attribute/{id}")
def show_managed_attribute(request: Request) -> Response:
    identify(request)
    given = require_variable(request, "id")
    if is_identifier(given):
        attribute = read_term(vocabulary, ManagedAttribute, given.lower())
    else:
        attribute = read_term_by_name(vocabulary, ManagedAttribute, given)
    return term_response(request, attribute)


lambda_handler = app.handler()

"""GET /resource-name-identifier, here and below /api/v1: the ids of records by their names."""

from coffer.adapters.dynamodb.metadata.names import DynamoNames
from coffer.domain.metadata.find_by_name import find_by_name
from coffer.http.api import Api
from coffer.http.metadata.find_by_name import names_response, read_question
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
names = DynamoNames()
app = Api()


@app.route("GET /api/v1/resource-name-identifier", "GET /resource-name-identifier")
def find_identifiers(request: Request) -> Response:
    caller = identify(request)
    return names_response(find_by_name(names, caller, read_question(request)))


lambda_handler = app.handler()

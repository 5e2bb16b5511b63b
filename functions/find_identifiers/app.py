"""GET /resource-name-identifier, here and below /api/v1: the ids of records by their names."""

from coffer.adapters.dynamodb.names import DynamoNames
from coffer.domain.naming import find_by_name
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.name_documents import answer_names, read_question
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
names = DynamoNames()
app = Api()


@app.route("GET /api/v1/resource-name-identifier", "GET /resource-name-identifier")
def find_identifiers(request: Request) -> Answer:
    caller = identify(request)
    return answer_names(find_by_name(names, caller, read_question(request)))


lambda_handler = app.handler()

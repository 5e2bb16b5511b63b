"""DELETE /api/v1/derivative/{id}: delete the record of a file that was made from another."""

from functools import partial

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.deriving import Deriving
from coffer.domain.identifiers import parse_identifier
from coffer.domain.writing import write
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_deleted
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
deriving = Deriving(uploads=DynamoUploads(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("DELETE /api/v1/derivative/{id}")
def remove_derivative(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    precondition = read_precondition(request)
    write(catalogue, partial(deriving.plan_deletion, caller, identifier, precondition))
    return answer_deleted()


lambda_handler = app.handler()

"""GET /api/v1/derivative/{id}: the record of a file that was made from another."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.history import DynamoHistory
from coffer.adapters.dynamodb.lists import DynamoLists
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivative_records import read_derivative
from coffer.domain.history import remembered
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.places import Kind
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.lists import Records, answer_one
from coffer.http.queries import read_view
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
history = DynamoHistory()
app = Api()


@app.route("GET /api/v1/derivative/{id}")
def show_derivative(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = read_view(request, Kind.DERIVATIVE)
    with remembered(history, caller, f"derivative/{identifier}"):
        derivative = read_derivative(catalogue, caller, identifier)
    return answer_one(request, derivative, view, caller, records)


lambda_handler = app.handler()

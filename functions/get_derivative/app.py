"""GET /api/v1/derivative/{id}: the record of a file that was made from another."""

from coffer.adapters.dynamodb.changes.history import DynamoHistory
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.history import remembered
from coffer.domain.derivatives.read import read_derivative
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.http.api import Api, require_variable
from coffer.http.listing.lists import Records, record_response
from coffer.http.listing.queries import parse_view
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
history = DynamoHistory()
app = Api()


@app.route("GET /api/v1/derivative/{id}")
def show_derivative(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.DERIVATIVE)
    with remembered(history, caller, f"derivative/{identifier}"):
        derivative = read_derivative(catalogue, caller, identifier)
    return record_response(request, derivative, view, caller, records)


lambda_handler = app.handler()

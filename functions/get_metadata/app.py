"""GET /api/v1/metadata/{id}: the description of one file."""

from coffer.adapters.dynamodb.changes.history import DynamoHistory
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.history import remembered
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.metadata.read import read_metadata
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


@app.route("GET /api/v1/metadata/{id}")
def show_metadata(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.METADATA)
    with remembered(history, caller, f"metadata/{identifier}"):
        metadata = read_metadata(catalogue, caller, identifier)
    return record_response(request, metadata, view, caller, records)


lambda_handler = app.handler()

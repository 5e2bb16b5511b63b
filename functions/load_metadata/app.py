"""POST /api/v1/metadata/bulk-load: up to a thousand records by their ids."""

from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.index_keys import Kind
from coffer.domain.metadata.read import load_metadata
from coffer.http.api import Api
from coffer.http.listing.lists import Records, loaded_records_response
from coffer.http.listing.queries import parse_view
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import read_identifiers
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("POST /api/v1/metadata/bulk-load")
def load(request: Request) -> Response:
    caller = identify(request)
    view = parse_view(request, Kind.METADATA)
    identifiers = read_identifiers(request, Kind.METADATA)
    loaded = load_metadata(catalogue, caller, identifiers)
    return loaded_records_response(Kind.METADATA, loaded, view, caller, records)


lambda_handler = app.handler()

"""POST /api/v1/object-upload/bulk-load: up to a thousand records by their ids."""

from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.index_keys import Kind
from coffer.domain.uploads.read import load_uploads
from coffer.http.api import Api
from coffer.http.listing.lists import Records, loaded_records_response
from coffer.http.listing.queries import parse_view
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import read_identifiers
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
uploads = DynamoUploads()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("POST /api/v1/object-upload/bulk-load")
def load(request: Request) -> Response:
    caller = identify(request)
    view = parse_view(request, Kind.OBJECT_UPLOAD)
    identifiers = read_identifiers(request, Kind.OBJECT_UPLOAD)
    loaded = load_uploads(uploads, catalogue, caller, identifiers)
    return loaded_records_response(Kind.OBJECT_UPLOAD, loaded, view, caller, records)


lambda_handler = app.handler()

"""POST /api/v1/object-upload/bulk-load: up to a thousand records by their ids."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.lists import DynamoLists
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.places import Kind
from coffer.domain.loading import load_uploads
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.bulk_documents import read_identifiers
from coffer.http.lists import Records, answer_loaded_records
from coffer.http.queries import read_view
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
uploads = DynamoUploads()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("POST /api/v1/object-upload/bulk-load")
def load(request: Request) -> Answer:
    caller = identify(request)
    view = read_view(request, Kind.OBJECT_UPLOAD)
    identifiers = read_identifiers(request, Kind.OBJECT_UPLOAD)
    loaded = load_uploads(uploads, catalogue, caller, identifiers)
    return answer_loaded_records(Kind.OBJECT_UPLOAD, loaded, view, caller, records)


lambda_handler = app.handler()

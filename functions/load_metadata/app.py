"""POST /api/v1/metadata/bulk-load: up to a thousand records by their ids."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.lists import DynamoLists
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.places import Kind
from coffer.domain.loading import load_metadata
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.bulk_documents import read_identifiers
from coffer.http.lists import Records, answer_loaded_records
from coffer.http.queries import read_view
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
records = Records(lists=DynamoLists(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("POST /api/v1/metadata/bulk-load")
def load(request: Request) -> Answer:
    caller = identify(request)
    view = read_view(request, Kind.METADATA)
    identifiers = read_identifiers(request, Kind.METADATA)
    loaded = load_metadata(catalogue, caller, identifiers)
    return answer_loaded_records(Kind.METADATA, loaded, view, caller, records)


lambda_handler = app.handler()

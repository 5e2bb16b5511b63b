"""GET /api/v1/object-upload: the records of uploads that a caller may read, page by page."""

from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.index_keys import Kind
from coffer.http.api import Api
from coffer.http.listing.lists import Records, list_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
records = Records(lists=DynamoLists(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("GET /api/v1/object-upload")
def list_object_uploads(request: Request) -> Response:
    return list_response(request, Kind.OBJECT_UPLOAD, identify(request), records)


lambda_handler = app.handler()

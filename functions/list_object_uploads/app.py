"""GET /api/v1/object-upload: the records of uploads that a caller may read, page by page."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.lists import DynamoLists
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.places import Kind
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.lists import Records, answer_list
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
records = Records(lists=DynamoLists(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("GET /api/v1/object-upload")
def list_object_uploads(request: Request) -> Answer:
    return answer_list(request, Kind.OBJECT_UPLOAD, identify(request), records)


lambda_handler = app.handler()

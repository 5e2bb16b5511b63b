"""POST /api/v1/metadata: describe a file, which claims it."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.cataloguing import create_metadata
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.documents import answer_resource, read_resource
from coffer.http.metadata_documents import TYPE, new_metadata, present_metadata
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/metadata")
def add_metadata(request: Request) -> Answer:
    caller = identify(request)
    new = new_metadata(read_resource(request, TYPE))
    metadata = create_metadata(uploads, catalogue, clock, caller, new)
    return answer_resource(
        request, present_metadata(metadata), version=metadata.version, created=True
    )


lambda_handler = app.handler()

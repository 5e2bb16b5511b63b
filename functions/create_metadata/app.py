"""POST /api/v1/metadata: describe a file, which claims it."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.cataloguing import create_metadata
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.documents import answer_resource
from coffer.http.metadata_documents import present_metadata, read_new_metadata
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
    metadata = create_metadata(uploads, catalogue, clock, caller, read_new_metadata(request))
    return answer_resource(
        request, present_metadata(metadata), version=metadata.version, created=True
    )


lambda_handler = app.handler()

"""POST /api/v1/metadata: describe a file, which claims it."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.cataloguing import create_metadata
from coffer.domain.idempotency import Idempotency, Run
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.documents import answer_resource, read_resource
from coffer.http.idempotency import answer_once, reserved
from coffer.http.metadata_documents import TYPE, new_metadata, present_metadata
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/metadata")
def add_metadata(request: Request) -> Answer:
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        new = new_metadata(read_resource(request, TYPE))
        metadata = create_metadata(uploads, catalogue, clock, caller, new, reserved(run))
        return answer_resource(
            request, present_metadata(metadata), version=metadata.version, created=True
        )

    return answer_once(request, caller, idempotency, make)


lambda_handler = app.handler()

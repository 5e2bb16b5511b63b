"""POST /api/v1/metadata: describe a file, which claims it."""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.metadata.create import create_metadata
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.documents import read_resource, resource_response
from coffer.http.metadata.documents import TYPE, new_metadata, present_metadata
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/metadata")
def add_metadata(request: Request) -> Response:
    caller = identify(request)

    def make(run: Run | None) -> Response:
        new = new_metadata(read_resource(request, TYPE))
        metadata = create_metadata(uploads, catalogue, clock, caller, new, reserved_identifier(run))
        return resource_response(
            request, present_metadata(metadata), version=metadata.version, created=True
        )

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

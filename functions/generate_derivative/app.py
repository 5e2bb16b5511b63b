"""POST /derivative-generation, here and below /api/v1: make a lost or late thumbnail."""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.thumbnails.regenerate import Regeneration
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.thumbnails.regenerate import generation_response, parse_generation
from coffer.http.transactions.idempotency import idempotent_response
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
clock = SystemClock()
regeneration = Regeneration(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    store=SignedDownloads(store_signer(), store_endpoint(), store_settings.object_bucket, clock),
    clock=clock,
)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/derivative-generation", "POST /derivative-generation")
def generate_derivative(request: Request) -> Response:
    caller = identify(request)

    # A run that is taken up finds the thumbnail that the dead one wanted: there is one for a file.
    def make(_run: Run | None) -> Response:
        wanted = parse_generation(request)
        return generation_response(request, wanted, regeneration.run(caller, wanted))

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

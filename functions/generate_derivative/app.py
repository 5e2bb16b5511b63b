"""POST /derivative-generation, here and below /api/v1: make a lost or late thumbnail."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.signed_downloads import SignedDownloads
from coffer.adapters.store_signing import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.idempotency import Idempotency, Run
from coffer.domain.regeneration import Regeneration
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.generation_documents import answer_generation, read_generation
from coffer.http.idempotency import answer_once
from coffer.http.requests import Request
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
clock = SystemClock()
regeneration = Regeneration(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    store=SignedDownloads(store_signer(), store_endpoint(), settings.object_bucket, clock),
    clock=clock,
)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/derivative-generation", "POST /derivative-generation")
def generate_derivative(request: Request) -> Answer:
    caller = identify(request)

    # A run that is taken up finds the thumbnail that the dead one wanted: there is one for a file.
    def make(_run: Run | None) -> Answer:
        wanted = read_generation(request)
        return answer_generation(request, wanted, regeneration.run(caller, wanted))

    return answer_once(request, caller, idempotency, make)


lambda_handler = app.handler()

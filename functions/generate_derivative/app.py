"""Request a lost or late thumbnail (POST /derivative-generation, also under /api/v1).

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.thumbnails.regenerate import ThumbnailRegeneration, regenerate_thumbnail
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
regeneration = ThumbnailRegeneration(
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

    # A repeated run finds the thumbnail of the first one, because a file has one thumbnail.
    def generate(_run: Run | None) -> Response:
        wanted = parse_generation(request)
        thumbnail = regenerate_thumbnail(regeneration, caller, wanted)
        return generation_response(request, wanted, thumbnail)

    return idempotent_response(request, caller, idempotency, generate)


lambda_handler = app.handler()

"""GET and HEAD of /toa/{key}, at the root and below /api/v1: what a key opens, once."""

from coffer.adapters.dynamodb.exports import DynamoAccessKeys, DynamoExports
from coffer.adapters.signed_downloads import SignedDownloads
from coffer.adapters.store_signing import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access import look_at_key, redeem_key
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.export_documents import answer_archive, describe_archive
from coffer.http.requests import Request
from coffer.settings import settings

exports, keys = DynamoExports(), DynamoAccessKeys()
clock = SystemClock()
deliveries = SignedDownloads(store_signer(), store_endpoint(), settings.object_bucket, clock)
app = Api(negotiates=False)  # an archive is no JSON


@app.route("GET /api/v1/toa/{key}", "GET /toa/{key}")
def redeem(request: Request) -> Answer:
    opened = redeem_key(exports, keys, clock, require_variable(request, "key"))
    return answer_archive(opened, deliveries)


@app.route("HEAD /api/v1/toa/{key}", "HEAD /toa/{key}")
def look(request: Request) -> Answer:
    return describe_archive(look_at_key(exports, keys, clock, require_variable(request, "key")))


lambda_handler = app.handler()

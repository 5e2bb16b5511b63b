"""Redeem an access key for its archive (GET and HEAD /toa/{key}, also below /api/v1).

Settings, see `coffer/settings.py`: aws, store, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys, DynamoExports
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access_keys import PresentedKey
from coffer.http.api import Api, require_variable
from coffer.http.export.archives import archive_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.settings import store_settings

exports, keys = DynamoExports(), DynamoAccessKeys()
clock = SystemClock()
store = SignedDownloads(store_signer(), store_endpoint(), store_settings.object_bucket, clock)
app = Api(negotiates=False)  # an archive is no JSON


@app.route("GET /api/v1/toa/{key}", "GET /toa/{key}", "HEAD /api/v1/toa/{key}", "HEAD /toa/{key}")
def open_archive(request: Request) -> Response:
    key = PresentedKey(
        exports=exports, keys=keys, clock=clock, key=require_variable(request, "key")
    )
    return archive_response(request, key, store, clock)


lambda_handler = app.handler()

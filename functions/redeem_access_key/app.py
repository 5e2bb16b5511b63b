"""Redeem an access key for its archive (GET and HEAD /toa/{key}, also below /api/v1).

Settings, see `coffer/settings.py`: aws, store, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys, DynamoExports
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access_keys import look_at_key, redeem_key
from coffer.http.api import Api, require_variable
from coffer.http.export.documents import archive_response, describe_archive
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.settings import store_settings

exports, keys = DynamoExports(), DynamoAccessKeys()
clock = SystemClock()
store = SignedDownloads(store_signer(), store_endpoint(), store_settings.object_bucket, clock)
app = Api(negotiates=False)  # an archive is no JSON


@app.route("GET /api/v1/toa/{key}", "GET /toa/{key}")
def redeem(request: Request) -> Response:
    opened = redeem_key(exports, keys, clock, require_variable(request, "key"))
    return archive_response(opened, store)


@app.route("HEAD /api/v1/toa/{key}", "HEAD /toa/{key}")
def look(request: Request) -> Response:
    return describe_archive(look_at_key(exports, keys, clock, require_variable(request, "key")))


lambda_handler = app.handler()

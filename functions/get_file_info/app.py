"""GET /api/v1/file-info/{bucket}/{filename} and …/derivative/…: length and type of a file.

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.downloads.file_info import find_file_info
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
store = SignedDownloads(
    store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
)
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
app = Api()


@app.route("GET /api/v1/file-info/{bucket}/{filename}")
def describe_file(request: Request) -> Response:
    return describe(request, is_derivative=False)


@app.route("GET /api/v1/file-info/{bucket}/derivative/{filename}")
def describe_derivative(request: Request) -> Response:
    return describe(request, is_derivative=True)


def describe(request: Request, *, is_derivative: bool) -> Response:
    caller = identify(request)
    bucket = parse_bucket(require_variable(request, "bucket"))
    filename = require_variable(request, "filename")
    info = find_file_info(
        uploads, catalogue, store, caller, bucket, filename, is_derivative=is_derivative
    )
    document = {"length": info.length, "contentType": info.content_type}
    return Response.of_json(document, media_type=JSON)


lambda_handler = app.handler()

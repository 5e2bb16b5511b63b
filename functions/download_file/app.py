"""GET and HEAD of a file, a derivative and a thumbnail: the bytes, or a redirect to them.

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from collections.abc import Callable

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.callers import Caller
from coffer.domain.downloads.find import Download, find_derivative, find_file, find_thumbnail
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.downloads.responses import download_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import caller_settings, store_settings

identify = configured_identify(public_downloads=caller_settings.public_downloads)
uploads, catalogue, clock = DynamoUploads(), DynamoCatalogue(), SystemClock()
store = SignedDownloads(store_signer(), store_endpoint(), store_settings.object_bucket, clock)
Find = Callable[[DynamoUploads, DynamoCatalogue, Caller, str, str], Download]
app = Api(negotiates=False)  # the response has the type of the file


@app.route("GET /api/v1/file/{bucket}/{fileId}", "HEAD /api/v1/file/{bucket}/{fileId}")
def download_main_file(request: Request) -> Response:
    return download(request, find_file)


@app.route(
    "GET /api/v1/file/{bucket}/derivative/{fileId}",
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}",
)
def download_derivative(request: Request) -> Response:
    return download(request, find_derivative)


@app.route(
    "GET /api/v1/file/{bucket}/{fileId}/thumbnail",
    "HEAD /api/v1/file/{bucket}/{fileId}/thumbnail",
)
def download_thumbnail(request: Request) -> Response:
    return download(request, find_thumbnail)


def download(request: Request, find: Find) -> Response:
    caller = identify(request)
    bucket = parse_bucket(require_variable(request, "bucket"))
    identifier = parse_identifier(require_variable(request, "fileId"), parameter="fileId")
    found = find(uploads, catalogue, caller, bucket, identifier)
    return download_response(request, found, store, clock)


lambda_handler = app.handler()

"""GET and HEAD /api/v1/file/{bucket}/{fileId} and …/derivative/{fileId}: the bytes, or a link."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.signed_downloads import SignedDownloads
from coffer.adapters.store_signing import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.downloads import find_derivative, find_file
from coffer.domain.identifiers import parse_identifier
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.downloads import answer_download
from coffer.http.requests import Request
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
deliveries = SignedDownloads(store_signer(), store_endpoint(), settings.object_bucket, clock)
app = Api(negotiates=False)  # a download answers with the file's own type


@app.route("GET /api/v1/file/{bucket}/{fileId}", "HEAD /api/v1/file/{bucket}/{fileId}")
def hand_out_file(request: Request) -> Answer:
    caller = identify(request)
    bucket = parse_bucket(require_variable(request, "bucket"))
    identifier = parse_identifier(require_variable(request, "fileId"), parameter="fileId")
    download = find_file(uploads, catalogue, caller, bucket, identifier)
    return answer_download(request, download, deliveries, clock)


@app.route(
    "GET /api/v1/file/{bucket}/derivative/{fileId}",
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}",
)
def hand_out_derivative(request: Request) -> Answer:
    caller = identify(request)
    bucket = parse_bucket(require_variable(request, "bucket"))
    identifier = parse_identifier(require_variable(request, "fileId"), parameter="fileId")
    download = find_derivative(uploads, catalogue, caller, bucket, identifier)
    return answer_download(request, download, deliveries, clock)


lambda_handler = app.handler()

"""Sign URLs to which Uppy uploads the parts of a file.

Settings, see `coffer/settings.py`: aws, caller, store, table, upload.
"""

from coffer.adapters.dynamodb.sessions.sessions import DynamoGroupGrants, DynamoSessions
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.signing.part_urls import SignedPartUrls
from coffer.adapters.system_clock import SystemClock
from coffer.domain.sessions.parts import PartSigner
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.sessions.requests import parse_key, parse_part_number, parse_part_numbers
from coffer.http.sessions.responses import (
    batch_response,
    part_response,
    render_upload_crash,
    render_upload_error,
)
from coffer.http.sessions.uploaders import Uploaders
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

PATHS = (
    "/api/v1/uppy/{bucket}/s3/multipart/{uploadId}",
    "/api/v1/uppy/grant/{grant}/s3/multipart/{uploadId}",
)
clock = SystemClock()
uploaders = Uploaders(
    identify=configured_identify(),
    grants=DynamoGroupGrants(clock),
    max_bytes=upload_settings.max_upload_bytes,
)
signer = PartSigner(
    sessions=DynamoSessions(clock),
    urls=SignedPartUrls(store_signer(), store_endpoint(), store_settings.object_bucket),
    clock=clock,
)
app = Api(errors=render_upload_error, crash=render_upload_crash)


@app.route(*(f"GET {path}/{{partNumber}}" for path in PATHS), query="key")
def sign_part(request: Request) -> Response:
    uploader, upload = uploaders.of(request), require_variable(request, "uploadId")
    numbers = [parse_part_number(request)]
    return part_response(signer.sign(uploader, upload, parse_key(request), numbers))


@app.route(*(f"GET {path}/batch" for path in PATHS), query="key partNumbers")
def sign_batch(request: Request) -> Response:
    uploader, upload = uploaders.of(request), require_variable(request, "uploadId")
    numbers = parse_part_numbers(request)
    return batch_response(signer.sign(uploader, upload, parse_key(request), numbers))


lambda_handler = app.handler()

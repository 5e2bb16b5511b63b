"""List the parts of an upload of Uppy, complete the upload, or abort it.

Settings, see `coffer/settings.py`: aws, caller, store, table, upload.
"""

from coffer.adapters.dynamodb.sessions.sessions import DynamoGroupGrants, DynamoSessions
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.sessions.complete import SessionEditor
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.sessions.requests import parse_completion, parse_key
from coffer.http.sessions.responses import (
    completed_response,
    parts_response,
    private_json,
    render_upload_crash,
    render_upload_error,
)
from coffer.http.sessions.uploaders import Uploaders
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

PATHS = ("/api/v1/uppy/{bucket}/s3/multipart", "/api/v1/uppy/grant/{grant}/s3/multipart")
clock = SystemClock()
uploaders = Uploaders(
    identify=configured_identify(),
    grants=DynamoGroupGrants(clock),
    max_bytes=upload_settings.max_upload_bytes,
)
store = S3MultipartStore(store_signer(), store_endpoint(), store_settings.object_bucket, clock)
editor = SessionEditor(sessions=DynamoSessions(clock), store=store, clock=clock)
app = Api(errors=render_upload_error, crash=render_upload_crash)


@app.route(*(f"GET {path}/{{uploadId}}" for path in PATHS), query="key")
def list_parts(request: Request) -> Response:
    uploader, upload = uploaders.of(request), require_variable(request, "uploadId")
    return parts_response(editor.list_parts(uploader, upload, parse_key(request)))


@app.route(*(f"POST {path}/{{uploadId}}/complete" for path in PATHS), query="key")
def complete(request: Request) -> Response:
    uploader, upload = uploaders.of(request), require_variable(request, "uploadId")
    key, completion = parse_key(request), parse_completion(request)
    return completed_response(request, editor.complete(uploader, upload, key, completion))


@app.route(*(f"DELETE {path}/{{uploadId}}" for path in PATHS), query="key")
def abort(request: Request) -> Response:
    uploader, upload = uploaders.of(request), require_variable(request, "uploadId")
    editor.abort(uploader, upload, parse_key(request))
    return private_json({})


lambda_handler = app.handler()

"""Begin an upload of Uppy, with a form for a small file or a session for a large one.

Settings, see `coffer/settings.py`: aws, caller, store, table, upload.
"""

from coffer.adapters.dynamodb.sessions.sessions import DynamoGroupGrants, DynamoSessions
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.signing.presigned_posts import S3PresignedPosts
from coffer.adapters.system_clock import SystemClock
from coffer.domain.sessions.begin import UploadStart
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.sessions.requests import parse_creation, parse_params
from coffer.http.sessions.responses import (
    created_session_response,
    form_response,
    render_upload_crash,
    render_upload_error,
)
from coffer.http.sessions.uploaders import Uploaders
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

PATHS = ("/api/v1/uppy/{bucket}/s3", "/api/v1/uppy/grant/{grant}/s3")
clock = SystemClock()
uploaders = Uploaders(
    identify=configured_identify(),
    grants=DynamoGroupGrants(clock),
    max_bytes=upload_settings.max_upload_bytes,
)
signer, endpoint, store = store_signer(), store_endpoint(), store_settings.object_bucket
start = UploadStart(
    posts=S3PresignedPosts(signer, endpoint, store),
    sessions=DynamoSessions(clock),
    store=S3MultipartStore(signer, endpoint, store, clock),
    clock=clock,
    forbidden=upload_settings.forbidden_media_types,
    max_post_bytes=upload_settings.max_post_bytes,
)
app = Api(errors=render_upload_error, crash=render_upload_crash)


@app.route(*(f"GET {path}/params" for path in PATHS), query="filename type metadata[")
def create_form(request: Request) -> Response:
    return form_response(start.create_form(uploaders.of(request), parse_params(request)))


@app.route(*(f"POST {path}/multipart" for path in PATHS))
def create_session(request: Request) -> Response:
    session = start.create_session(uploaders.of(request), parse_creation(request))
    return created_session_response(session)


lambda_handler = app.handler()

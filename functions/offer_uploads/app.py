"""POST /api/v1/upload/{bucket}: presigned POSTs, so that a browser uploads files directly to S3.

Settings, see `coffer/settings.py`: aws, caller, store, upload.
"""

from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.signing.presigned_posts import S3PresignedPosts
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.uploads.presigned_uploads import create_presigned_uploads
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.uploads.presigned_uploads import parse_upload_request, presigned_uploads_response
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

identify = configured_identify()
posts = S3PresignedPosts(store_signer(), store_endpoint(), store_settings.object_bucket)
max_bytes = upload_settings.max_post_bytes
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/upload/{bucket}")
def offer_uploads(request: Request) -> Response:
    bucket = parse_bucket(require_variable(request, "bucket"))
    caller = identify(request)
    uploads = create_presigned_uploads(
        posts,
        clock,
        caller,
        parse_upload_request(request),
        bucket=bucket,
        max_bytes=max_bytes,
    )
    return presigned_uploads_response(request, uploads)


lambda_handler = app.handler()

"""POST /api/v1/upload/{bucket}: presigned POSTs, so that a browser puts files straight into S3."""

from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.signing.upload_forms import S3UploadForms
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.uploads.presigned_uploads import offer_uploads
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.uploads.presigned_uploads import presigned_uploads_response, read_announcements
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

identify = configured_identify()
forms = S3UploadForms(store_signer(), store_endpoint(), store_settings.object_bucket)
max_bytes = upload_settings.max_post_bytes
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/upload/{bucket}")
def show_offers(request: Request) -> Response:
    bucket = parse_bucket(require_variable(request, "bucket"))
    caller = identify(request)
    offers = offer_uploads(
        forms,
        clock,
        caller,
        read_announcements(request),
        bucket=bucket,
        max_bytes=max_bytes,
    )
    return presigned_uploads_response(request, offers)


lambda_handler = app.handler()

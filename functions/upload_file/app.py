"""POST /api/v1/file/{bucket} and …/derivative: a small file through the API itself."""

from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.s3_objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.direct_upload import upload_directly
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.forms import received_file
from coffer.http.requests import Request
from coffer.http.upload_documents import answer_receipt
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
uploads = DynamoUploads()
objects = S3Objects(s3_client(), settings.object_bucket)
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/file/{bucket}", "POST /api/v1/file/{bucket}/derivative")
def upload_file(request: Request) -> Answer:
    bucket = parse_bucket(require_variable(request, "bucket"))
    caller = identify(request)
    receipt = upload_directly(
        uploads,
        objects,
        clock,
        caller,
        received_file(request, max_bytes=settings.max_direct_upload_bytes),
        bucket=bucket,
        is_derivative=request.route_key.endswith("/derivative"),
        max_bytes=settings.max_direct_upload_bytes,
    )
    return answer_receipt(request, receipt)


lambda_handler = app.handler()

"""POST /api/v1/file/{bucket} and …/derivative: store a small file sent through the API itself.

Settings, see `coffer/settings.py`: aws, caller, store, table, upload.
"""

from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import parse_bucket
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.domain.uploads.direct_upload import upload_directly
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response
from coffer.http.uploads.documents import upload_response
from coffer.http.uploads.forms import received_file
from coffer.identification import configured_identify
from coffer.settings import store_settings, upload_settings

identify = configured_identify()
uploads = DynamoUploads()
objects = S3Objects(s3_client(), store_settings.object_bucket)
max_bytes = upload_settings.max_direct_upload_bytes
forbidden = upload_settings.forbidden_media_types
clock = SystemClock()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/file/{bucket}", "POST /api/v1/file/{bucket}/derivative")
def upload_file(request: Request) -> Response:
    bucket = parse_bucket(require_variable(request, "bucket"))
    caller = identify(request)
    file = received_file(request, max_bytes=max_bytes)

    def store(run: Run | None) -> Response:
        result = upload_directly(
            uploads,
            objects,
            clock,
            caller,
            file,
            bucket=bucket,
            is_derivative=request.route_key.endswith("/derivative"),
            max_bytes=max_bytes,
            forbidden=forbidden,
            identify=run.identifier if run else None,
        )
        return upload_response(request, result)

    # The body of a repeated request differs: the form's boundary is random.
    return idempotent_response(request, caller, idempotency, store, sent=file.fingerprint)


lambda_handler = app.handler()

"""DELETE /api/v1/object-upload/{id}: delete a file that no record describes.

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.uploads.delete import UploadDeletion, delete_upload
from coffer.http.api import Api, require_variable
from coffer.http.documents import deleted_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
deletion = UploadDeletion(
    uploads=DynamoUploads(),
    objects=S3Objects(s3_client(), store_settings.object_bucket),
    clock=SystemClock(),
)
app = Api()


@app.route("DELETE /api/v1/object-upload/{id}")
def remove_upload(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    delete_upload(deletion, caller, identifier, read_precondition(request))
    return deleted_response()


lambda_handler = app.handler()

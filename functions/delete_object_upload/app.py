"""DELETE /api/v1/object-upload/{id}: delete a file that no record describes."""

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.uploads.removal import Removal
from coffer.domain.uploads.update import UploadChanges
from coffer.http.api import Api, require_variable
from coffer.http.documents import deleted_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
uploads = DynamoUploads()
changing = UploadChanges(uploads=uploads)
removal = Removal(
    uploads=uploads,
    objects=S3Objects(s3_client(), store_settings.object_bucket),
    clock=SystemClock(),
)
app = Api()


@app.route("DELETE /api/v1/object-upload/{id}")
def remove_upload(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changing.delete(removal, caller, identifier, read_precondition(request))
    return deleted_response()


lambda_handler = app.handler()

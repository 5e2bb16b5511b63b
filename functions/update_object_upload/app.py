"""PATCH /api/v1/object-upload/{id}: correct the record of an uploaded file.

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.identifiers import parse_identifier
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.update import update_upload
from coffer.http.api import Api, require_variable
from coffer.http.documents import resource_response
from coffer.http.fields import parse_record_changes
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.http.uploads.documents import present_upload
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
app = Api()


@app.route("PATCH /api/v1/object-upload/{id}", reports_query=True)
def change_upload(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = parse_record_changes(request, OBJECT_UPLOAD_FIELDS, identifier)
    upload = update_upload(uploads, caller, identifier, changes, read_precondition(request))
    data = present_upload(upload, duplicate_found=upload.duplicate_found)
    return resource_response(request, data, version=upload.version)


lambda_handler = app.handler()

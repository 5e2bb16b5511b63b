"""PATCH /api/v1/object-upload/{id}: set right what was found out about a file."""

from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.domain.identifiers import parse_identifier
from coffer.domain.upload_changes import UploadChanges
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource, read_changes
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.http.upload_documents import TYPE, present_upload, upload_changes
from coffer.identification import configured_identify

identify = configured_identify()
changing = UploadChanges(uploads=DynamoUploads())
app = Api()


@app.route("PATCH /api/v1/object-upload/{id}")
def change_upload(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = upload_changes(read_changes(request, TYPE, identifier))
    upload = changing.update(caller, identifier, changes, read_precondition(request))
    data = present_upload(upload, duplicate_found=upload.duplicate_found)
    return answer_resource(request, data, version=upload.version)


lambda_handler = app.handler()

"""GET /api/v1/object-upload/{id}: the record of one uploaded file."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.domain.identifiers import parse_identifier
from coffer.domain.upload_records import read_upload
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource
from coffer.http.requests import Request
from coffer.http.upload_documents import present_upload
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
app = Api()


@app.route("GET /api/v1/object-upload/{id}")
def show_upload(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    upload = read_upload(uploads, catalogue, caller, identifier)
    data = present_upload(upload, duplicate_found=upload.duplicate_found)
    return answer_resource(request, data, version=upload.version)


lambda_handler = app.handler()

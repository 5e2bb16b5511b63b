"""GET /api/v1/object-upload/{id}: the record of one uploaded file."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.history import DynamoHistory
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.domain.history import remembered
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.places import Kind
from coffer.domain.listing.related import Related
from coffer.domain.upload_records import read_upload
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.queries import read_view
from coffer.http.record_documents import answer_record
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
history = DynamoHistory()
app = Api()


@app.route("GET /api/v1/object-upload/{id}")
def show_upload(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = read_view(request, Kind.OBJECT_UPLOAD)
    with remembered(history, caller, f"object-upload/{identifier}"):
        upload = read_upload(uploads, catalogue, caller, identifier)
    return answer_record(request, upload, view, Related(), caller)


lambda_handler = app.handler()

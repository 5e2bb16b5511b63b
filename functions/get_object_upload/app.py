"""GET /api/v1/object-upload/{id}: the record of one uploaded file.

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import RelatedRecords
from coffer.domain.uploads.read import read_upload
from coffer.http.api import RECORD_QUERY, Api, require_variable
from coffer.http.listing.queries import parse_view
from coffer.http.listing.responses import record_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
audit = DynamoAuditReader()
app = Api()


@app.route("GET /api/v1/object-upload/{id}", query=RECORD_QUERY)
def show_upload(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.OBJECT_UPLOAD)
    with gone_if_deleted(audit, caller, f"object-upload/{identifier}"):
        upload = read_upload(uploads, catalogue, caller, identifier)
    return record_response(request, upload, view, RelatedRecords(), caller)


lambda_handler = app.handler()

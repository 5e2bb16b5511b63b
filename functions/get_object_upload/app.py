"""GET /api/v1/object-upload/{id}: the record of one uploaded file.

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.sessions.sessions import DynamoSessions
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.errors import NotFoundError
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import RelatedRecords
from coffer.domain.sessions.read import find_unfinished
from coffer.domain.uploads.read import read_upload
from coffer.http.api import RECORD_QUERY, Api, require_variable
from coffer.http.listing.queries import parse_view
from coffer.http.listing.responses import record_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
audit = DynamoAuditReader()
clock = SystemClock()
sessions = DynamoSessions(clock)
store = S3MultipartStore(store_signer(), store_endpoint(), store_settings.object_bucket, clock)
app = Api()


@app.route("GET /api/v1/object-upload/{id}", query=RECORD_QUERY)
def show_upload(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.OBJECT_UPLOAD)
    with gone_if_deleted(audit, caller, f"object-upload/{identifier}"):
        try:
            upload, progress = read_upload(uploads, catalogue, caller, identifier), None
        except NotFoundError:
            unfinished = find_unfinished(sessions, store, clock, caller, identifier)
            if unfinished is None:
                raise
            upload, progress = unfinished.upload, unfinished.progress
    return record_response(request, upload, view, RelatedRecords(), caller, progress)


lambda_handler = app.handler()

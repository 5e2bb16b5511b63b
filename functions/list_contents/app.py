"""GET /api/v1/object-upload/{id}/contents: the members of a zip or tar archive.

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.downloads import SignedDownloads
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.contents.read import list_members
from coffer.domain.identifiers import parse_identifier
from coffer.domain.uploads.read import read_upload
from coffer.http.api import Api, require_variable
from coffer.http.contents.documents import members_response, parse_members_page
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
uploads, catalogue, audit = DynamoUploads(), DynamoCatalogue(), DynamoAuditReader()
store = SignedDownloads(
    store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
)
app = Api()


@app.route("GET /api/v1/object-upload/{id}/contents", query="page[limit] page[cursor]")
def list_contents(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    position, limit = parse_members_page(request, identifier)
    with gone_if_deleted(audit, caller, f"object-upload/{identifier}"):
        upload = read_upload(uploads, catalogue, caller, identifier)
    return members_response(request, upload, list_members(store, upload, position, limit))


lambda_handler = app.handler()

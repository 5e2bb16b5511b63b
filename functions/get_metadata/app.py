"""Return one metadata record (GET /api/v1/metadata/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import find_related
from coffer.domain.metadata.read import read_metadata
from coffer.http.api import RECORD_QUERY, Api, require_variable
from coffer.http.listing.queries import parse_view
from coffer.http.listing.responses import record_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
lists, catalogue = DynamoLists(), DynamoCatalogue()
audit = DynamoAuditReader()
app = Api()


@app.route("GET /api/v1/metadata/{id}", query=RECORD_QUERY)
def show_metadata(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.METADATA)
    with gone_if_deleted(audit, caller, f"metadata/{identifier}"):
        metadata = read_metadata(catalogue, caller, identifier)
    related = find_related(lists, catalogue, caller, Kind.METADATA, [metadata], view.include)
    return record_response(request, metadata, view, related, caller)


lambda_handler = app.handler()

"""Return one metadata record, and its relationships (GET /api/v1/metadata/{id} and below).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.callers import Caller
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import find_related
from coffer.domain.metadata.read import read_metadata
from coffer.domain.metadata.record import Metadata
from coffer.http.api import LIST_QUERY, PAGE_QUERY, RECORD_QUERY, Api, require_variable
from coffer.http.listing.queries import parse_view
from coffer.http.listing.relationships import related_response, relationship_response
from coffer.http.listing.responses import record_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
lists, catalogue, clock = DynamoLists(), DynamoCatalogue(), SystemClock()
audit = DynamoAuditReader()
app = Api()


@app.route("GET /api/v1/metadata/{id}", query=RECORD_QUERY)
def show_metadata(request: Request) -> Response:
    caller, view = identify(request), parse_view(request, Kind.METADATA)
    metadata = read(request, caller)
    related = find_related(lists, catalogue, caller, Kind.METADATA, [metadata], view.include)
    return record_response(request, metadata, view, related, caller)


@app.route("GET /api/v1/metadata/{id}/{relation}", query=LIST_QUERY)
def show_related(request: Request) -> Response:
    caller = identify(request)
    return related_response(request, caller, read(request, caller), lists, catalogue, clock)


@app.route("GET /api/v1/metadata/{id}/relationships/{relation}", query=PAGE_QUERY)
def show_relationship(request: Request) -> Response:
    caller = identify(request)
    return relationship_response(request, caller, read(request, caller), lists, catalogue, clock)


def read(request: Request, caller: Caller) -> Metadata:
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    with gone_if_deleted(audit, caller, f"metadata/{identifier}"):
        return read_metadata(catalogue, caller, identifier)


lambda_handler = app.handler()

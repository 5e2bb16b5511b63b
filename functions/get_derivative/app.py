"""Return one derivative record, and its relationships (GET /api/v1/derivative/{id} and below).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.callers import Caller
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.derivatives.read import read_derivative
from coffer.domain.derivatives.record import Derivative
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import find_related
from coffer.http.api import RECORD_QUERY, Api, require_variable
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


@app.route("GET /api/v1/derivative/{id}", query=RECORD_QUERY)
def show_derivative(request: Request) -> Response:
    caller, view = identify(request), parse_view(request, Kind.DERIVATIVE)
    derivative = read(request, caller)
    related = find_related(lists, catalogue, caller, Kind.DERIVATIVE, [derivative], view.include)
    return record_response(request, derivative, view, related, caller)


@app.route("GET /api/v1/derivative/{id}/{relation}", query=RECORD_QUERY)
def show_related(request: Request) -> Response:
    caller = identify(request)
    return related_response(request, caller, read(request, caller), lists, catalogue, clock)


@app.route("GET /api/v1/derivative/{id}/relationships/{relation}")
def show_relationship(request: Request) -> Response:
    caller = identify(request)
    return relationship_response(request, caller, read(request, caller), lists, catalogue, clock)


def read(request: Request, caller: Caller) -> Derivative:
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    with gone_if_deleted(audit, caller, f"derivative/{identifier}"):
        return read_derivative(catalogue, caller, identifier)


lambda_handler = app.handler()

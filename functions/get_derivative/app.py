"""Return one derivative record (GET /api/v1/derivative/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.domain.changes.history import gone_if_deleted
from coffer.domain.derivatives.read import read_derivative
from coffer.domain.identifiers import parse_identifier
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.related import find_related
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


@app.route("GET /api/v1/derivative/{id}", query=RECORD_QUERY)
def show_derivative(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    view = parse_view(request, Kind.DERIVATIVE)
    with gone_if_deleted(audit, caller, f"derivative/{identifier}"):
        derivative = read_derivative(catalogue, caller, identifier)
    related = find_related(lists, catalogue, caller, Kind.DERIVATIVE, [derivative], view.include)
    return record_response(request, derivative, view, related, caller)


lambda_handler = app.handler()

"""Delete one derivative record (DELETE /api/v1/derivative/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.delete import delete_derivative
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.documents import deleted_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
uploads, catalogue, clock = DynamoUploads(), DynamoCatalogue(), SystemClock()
app = Api()


@app.route("DELETE /api/v1/derivative/{id}")
def remove_derivative(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    precondition = read_precondition(request)
    delete_derivative(uploads, catalogue, clock, caller, identifier, precondition)
    return deleted_response()


lambda_handler = app.handler()

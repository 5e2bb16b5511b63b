"""Delete a metadata record and its derivatives (DELETE /api/v1/metadata/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.metadata.delete import Cascade, delete_metadata
from coffer.http.api import Api, require_variable
from coffer.http.documents import deleted_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
cascade = Cascade(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("DELETE /api/v1/metadata/{id}")
def remove_metadata(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    delete_metadata(cascade, caller, identifier, read_precondition(request))
    return deleted_response()


lambda_handler = app.handler()

"""PATCH /api/v1/metadata/{id}: change a description."""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.metadata.update import update_metadata
from coffer.http.api import Api, require_variable
from coffer.http.documents import read_changes, resource_response
from coffer.http.metadata.documents import TYPE, metadata_changes, present_metadata
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("PATCH /api/v1/metadata/{id}")
def change_metadata(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = metadata_changes(read_changes(request, TYPE, identifier))
    metadata = update_metadata(
        uploads, catalogue, clock, caller, identifier, changes, read_precondition(request)
    )
    return resource_response(request, present_metadata(metadata), version=metadata.version)


lambda_handler = app.handler()

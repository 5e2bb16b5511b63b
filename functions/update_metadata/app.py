"""PATCH /api/v1/metadata/{id}: change a description."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.metadata_changes import update_metadata
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource, read_changes
from coffer.http.metadata_documents import TYPE, metadata_changes, present_metadata
from coffer.http.preconditions import read_precondition
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("PATCH /api/v1/metadata/{id}")
def change_metadata(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = metadata_changes(read_changes(request, TYPE, identifier))
    metadata = update_metadata(
        uploads, catalogue, clock, caller, identifier, changes, read_precondition(request)
    )
    return answer_resource(request, present_metadata(metadata), version=metadata.version)


lambda_handler = app.handler()

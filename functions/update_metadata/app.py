"""Update one metadata record, or one of its relationships (PATCH /api/v1/metadata/{id} …).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.update import update_metadata
from coffer.http.api import Api, require_variable
from coffer.http.fields import (
    changed_relationship_response,
    parse_record_changes,
    parse_relationship_change,
    relationship_as_data,
    written_response,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("PATCH /api/v1/metadata/{id}", reports_query=True)
def change_metadata(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = parse_record_changes(request, METADATA_FIELDS, identifier)
    metadata = update_metadata(
        uploads, catalogue, clock, caller, identifier, changes, read_precondition(request)
    )
    return written_response(request, METADATA_FIELDS, metadata)


@app.route("PATCH /api/v1/metadata/{id}/relationships/{relation}", reports_query=True)
def change_relationship(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = parse_relationship_change(request, METADATA_FIELDS)
    with relationship_as_data():
        metadata = update_metadata(
            uploads, catalogue, clock, caller, identifier, changes, read_precondition(request)
        )
    return changed_relationship_response(metadata)


lambda_handler = app.handler()

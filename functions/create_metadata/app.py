"""Create the metadata of a file or of an external resource (POST /api/v1/metadata).

Settings, see `coffer/settings.py`: aws, caller, rights, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.metadata.create import create_metadata
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.fields import parse_new_record, written_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.identification import configured_identify
from coffer.settings import rights_settings

identify = configured_identify()
uploads = DynamoUploads()
catalogue = DynamoCatalogue()
clock = SystemClock()
defaults = rights_settings.defaults
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/metadata", reports_query=True)
def add_metadata(request: Request) -> Response:
    caller = identify(request)

    def create(run: Run | None) -> Response:
        given = parse_new_record(request, METADATA_FIELDS)
        metadata = create_metadata(
            uploads, catalogue, clock, caller, given, reserved_identifier(run), defaults
        )
        return written_response(request, METADATA_FIELDS, metadata, created=True)

    return idempotent_response(request, caller, idempotency, create)


lambda_handler = app.handler()

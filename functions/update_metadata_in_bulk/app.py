"""Update up to a thousand metadata records (PATCH /api/v1/metadata/bulk).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.metadata.bulk import BulkMetadata
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import (
    check_response_size,
    parse_bulk_changes,
    records_response,
)
from coffer.identification import configured_identify

identify = configured_identify()
bulk = BulkMetadata(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("PATCH /api/v1/metadata/bulk")
def change_many(request: Request) -> Response:
    caller = identify(request)
    changes = parse_bulk_changes(request, METADATA_FIELDS)
    records = bulk.update(caller, changes, check_response_size(request, METADATA_FIELDS))
    return records_response(request, METADATA_FIELDS, records)


lambda_handler = app.handler()

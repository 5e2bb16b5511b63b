"""Update up to a thousand derivative records (PATCH /api/v1/derivative/bulk).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.bulk import BulkDerivatives
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
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
bulk = BulkDerivatives(uploads=DynamoUploads(), derivatives=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("PATCH /api/v1/derivative/bulk")
def change_many(request: Request) -> Response:
    caller = identify(request)
    changes = parse_bulk_changes(request, DERIVATIVE_FIELDS)
    records = bulk.update(caller, changes, check_response_size(request, DERIVATIVE_FIELDS))
    return records_response(request, DERIVATIVE_FIELDS, records)


lambda_handler = app.handler()

"""Create up to a thousand derivative records (POST /api/v1/derivative/bulk).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.bulk import BulkDerivatives
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import check_response_size, parse_new_records, records_response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.identification import configured_identify

identify = configured_identify()
clock = SystemClock()
bulk = BulkDerivatives(uploads=DynamoUploads(), derivatives=DynamoCatalogue(), clock=clock)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/derivative/bulk")
def add_many(request: Request) -> Response:
    caller = identify(request)

    def create(run: Run | None) -> Response:
        entries = parse_new_records(request, DERIVATIVE_FIELDS)
        reserved = [reserved_identifier(run, number) for number in range(len(entries))]
        records = bulk.create(
            caller, entries, reserved, check_response_size(request, DERIVATIVE_FIELDS)
        )
        return records_response(request, DERIVATIVE_FIELDS, records)

    return idempotent_response(request, caller, idempotency, create)


lambda_handler = app.handler()

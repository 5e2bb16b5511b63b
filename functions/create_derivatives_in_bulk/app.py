"""POST /api/v1/derivative/bulk: record up to a thousand files that were made from others."""

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

    def make(run: Run | None) -> Response:
        entries = parse_new_records(request, DERIVATIVE_FIELDS)
        identities = [reserved_identifier(run, number) for number in range(len(entries))]
        made = bulk.create(caller, entries, identities, check_response_size(DERIVATIVE_FIELDS))
        return records_response(DERIVATIVE_FIELDS, made)

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

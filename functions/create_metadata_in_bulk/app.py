"""POST /api/v1/metadata/bulk: describe files, up to a thousand at once."""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.metadata.bulk import BulkMetadata
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import check_response_size, parse_new_records, records_response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.identification import configured_identify

identify = configured_identify()
clock = SystemClock()
bulk = BulkMetadata(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=clock)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/metadata/bulk")
def add_many(request: Request) -> Response:
    caller = identify(request)

    def make(run: Run | None) -> Response:
        entries = parse_new_records(request, METADATA_FIELDS)
        identities = [reserved_identifier(run, number) for number in range(len(entries))]
        made = bulk.create(caller, entries, identities, check_response_size(METADATA_FIELDS))
        return records_response(METADATA_FIELDS, made)

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

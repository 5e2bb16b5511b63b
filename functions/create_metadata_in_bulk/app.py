"""POST /api/v1/metadata/bulk: describe files, up to a thousand at once."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.idempotency import Idempotency, Run
from coffer.domain.writing_in_bulk import BulkWriting
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.bulk_documents import answer_many, fits, read_entries
from coffer.http.idempotency import answer_once, reserved
from coffer.http.metadata_documents import TYPE, new_metadata, present_metadata
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
clock = SystemClock()
writing = BulkWriting(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=clock)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/metadata/bulk")
def add_many(request: Request) -> Answer:
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        entries = read_entries(request, TYPE, new_metadata)
        identities = [reserved(run, number) for number in range(len(entries))]
        made = writing.create_metadata(caller, entries, identities, fits(present_metadata))
        return answer_many([present_metadata(one) for one in made], None)

    return answer_once(request, caller, idempotency, make)


lambda_handler = app.handler()

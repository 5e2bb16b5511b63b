"""POST /api/v1/derivative/bulk: record up to a thousand files that were made from others."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.writing_in_bulk import BulkWriting
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.bulk_documents import answer_many, fits, read_entries
from coffer.http.derivative_documents import TYPE, new_derivative, present_derivative
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
writing = BulkWriting(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("POST /api/v1/derivative/bulk")
def add_many(request: Request) -> Answer:
    caller = identify(request)
    entries = read_entries(request, TYPE, new_derivative)
    made = writing.create_derivatives(
        caller, entries, [None] * len(entries), fits(present_derivative)
    )
    return answer_many([present_derivative(one) for one in made], None)


lambda_handler = app.handler()

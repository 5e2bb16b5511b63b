"""PATCH /api/v1/metadata/bulk: change descriptions, up to a thousand at once."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.writing_in_bulk import BulkWriting
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.bulk_documents import answer_many, fits, read_changes_of_many
from coffer.http.metadata_documents import TYPE, metadata_changes, present_metadata
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
writing = BulkWriting(uploads=DynamoUploads(), catalogue=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("PATCH /api/v1/metadata/bulk")
def change_many(request: Request) -> Answer:
    caller = identify(request)
    changes = read_changes_of_many(request, TYPE, metadata_changes)
    made = writing.update_metadata(caller, changes, fits(present_metadata))
    return answer_many([present_metadata(one) for one in made], None)


lambda_handler = app.handler()

"""PATCH /api/v1/derivative/bulk: change the records of derivatives, up to a thousand at once."""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.bulk import BulkDerivatives
from coffer.http.api import Api
from coffer.http.derivatives.documents import TYPE, derivative_changes, present_derivative
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.bulk import bulk_response, check_response_size, read_changes_of_many
from coffer.identification import configured_identify

identify = configured_identify()
bulk = BulkDerivatives(uploads=DynamoUploads(), derivatives=DynamoCatalogue(), clock=SystemClock())
app = Api()


@app.route("PATCH /api/v1/derivative/bulk")
def change_many(request: Request) -> Response:
    caller = identify(request)
    changes = read_changes_of_many(request, TYPE, derivative_changes)
    made = bulk.update(caller, changes, check_response_size(present_derivative))
    return bulk_response([present_derivative(one) for one in made], None)


lambda_handler = app.handler()

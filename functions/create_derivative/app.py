"""POST /api/v1/derivative: record a file that was made from another, which claims it."""

from functools import partial

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.create import Deriving
from coffer.domain.transactions.commit import commit_change
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.derivatives.documents import TYPE, new_derivative, present_derivative
from coffer.http.documents import read_resource, resource_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.http.unrouted import unrouted_response
from coffer.identification import configured_identify
from coffer.settings import rawstore_settings

identify = configured_identify()
catalogue = DynamoCatalogue()
clock = SystemClock()
deriving = Deriving(uploads=DynamoUploads(), catalogue=catalogue, clock=clock)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
service = rawstore_settings.service_name
app = Api()


# The gateway takes no route with a trailing slash, as old clients call it: it arrives here by the
# greedy one, and whatever else does is no route at all.
@app.route("POST /api/v1/derivative", "POST /api/v1/derivative/{proxy+}")
def add_derivative(request: Request) -> Response:
    if request.path.rstrip("/") != "/api/v1/derivative":
        return unrouted_response(request, service=service)
    caller = identify(request)

    def make(run: Run | None) -> Response:
        new = new_derivative(read_resource(request, TYPE))
        derivative = commit_change(
            catalogue, partial(deriving.plan, caller, new, reserved_identifier(run))
        )
        return resource_response(
            request, present_derivative(derivative), version=derivative.version, created=True
        )

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

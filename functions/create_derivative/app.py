"""POST /api/v1/derivative: record a file that was made from another, which claims it."""

from functools import partial

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.deriving import Deriving
from coffer.domain.idempotency import Idempotency, Run
from coffer.domain.writing import write
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.derivative_documents import TYPE, new_derivative, present_derivative
from coffer.http.documents import answer_resource, read_resource
from coffer.http.idempotency import answer_once, reserved
from coffer.http.requests import Request
from coffer.http.unrouted import answer_unrouted
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
catalogue = DynamoCatalogue()
clock = SystemClock()
deriving = Deriving(uploads=DynamoUploads(), catalogue=catalogue, clock=clock)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


# The gateway takes no route with a trailing slash, as old clients call it: it arrives here by the
# greedy one, and whatever else does is no route at all.
@app.route("POST /api/v1/derivative", "POST /api/v1/derivative/{proxy+}")
def add_derivative(request: Request) -> Answer:
    if request.path.rstrip("/") != "/api/v1/derivative":
        return answer_unrouted(request, service=settings.service_name)
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        new = new_derivative(read_resource(request, TYPE))
        derivative = write(catalogue, partial(deriving.plan, caller, new, reserved(run)))
        return answer_resource(
            request, present_derivative(derivative), version=derivative.version, created=True
        )

    return answer_once(request, caller, idempotency, make)


lambda_handler = app.handler()

"""Create a derivative record (POST /api/v1/derivative).

Settings, see `coffer/settings.py`: aws, caller, rawstore, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.create import create_derivative
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.fields import parse_new_record, written_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.http.unrouted import unrouted_response
from coffer.identification import configured_identify
from coffer.settings import rawstore_settings

identify = configured_identify()
clock = SystemClock()
uploads, catalogue = DynamoUploads(), DynamoCatalogue()
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
service = rawstore_settings.service_name
app = Api()


# API Gateway has no route for a path with a trailing slash, which old clients send. The greedy
# route matches it, together with paths that have no route.
@app.route("POST /api/v1/derivative", "POST /api/v1/derivative/{proxy+}", reports_query=True)
def add_derivative(request: Request) -> Response:
    if request.path.rstrip("/") != "/api/v1/derivative":
        return unrouted_response(request, service=service)
    caller = identify(request)

    def create(run: Run | None) -> Response:
        given = parse_new_record(request, DERIVATIVE_FIELDS)
        derivative = create_derivative(
            uploads, catalogue, clock, caller, given, reserved_identifier(run)
        )
        return written_response(request, DERIVATIVE_FIELDS, derivative, created=True)

    return idempotent_response(request, caller, idempotency, create)


lambda_handler = app.handler()

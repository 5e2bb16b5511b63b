"""PATCH /api/v1/derivative/{id}: change the record of a file that was made from another."""

from functools import partial

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.system_clock import SystemClock
from coffer.domain.derivatives.create import Deriving
from coffer.domain.identifiers import parse_identifier
from coffer.domain.transactions.commit import commit_change
from coffer.http.api import Api, require_variable
from coffer.http.derivatives.documents import TYPE, derivative_changes, present_derivative
from coffer.http.documents import read_changes, resource_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
deriving = Deriving(uploads=DynamoUploads(), catalogue=catalogue, clock=SystemClock())
app = Api()


@app.route("PATCH /api/v1/derivative/{id}")
def change_derivative(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = derivative_changes(read_changes(request, TYPE, identifier))
    precondition = read_precondition(request)
    derivative = commit_change(
        catalogue, partial(deriving.plan_change, caller, identifier, changes, precondition)
    )
    return resource_response(request, present_derivative(derivative), version=derivative.version)


lambda_handler = app.handler()

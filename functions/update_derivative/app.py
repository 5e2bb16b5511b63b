"""Update one derivative record, or one of its relationships (PATCH /api/v1/derivative/{id} …).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.update import update_derivative
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.fields import (
    changed_relationship_response,
    parse_record_changes,
    parse_relationship_change,
    relationship_as_data,
    written_response,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.preconditions import read_precondition
from coffer.identification import configured_identify

identify = configured_identify()
uploads, catalogue = DynamoUploads(), DynamoCatalogue()
app = Api()


@app.route("PATCH /api/v1/derivative/{id}", reports_query=True)
def change_derivative(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = parse_record_changes(request, DERIVATIVE_FIELDS, identifier)
    precondition = read_precondition(request)
    derivative = update_derivative(uploads, catalogue, caller, identifier, changes, precondition)
    return written_response(request, DERIVATIVE_FIELDS, derivative)


@app.route("PATCH /api/v1/derivative/{id}/relationships/{relation}", reports_query=True)
def change_relationship(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    changes = parse_relationship_change(request, DERIVATIVE_FIELDS)
    precondition = read_precondition(request)
    with relationship_as_data():
        derivative = update_derivative(
            uploads, catalogue, caller, identifier, changes, precondition
        )
    return changed_relationship_response(derivative)


lambda_handler = app.handler()

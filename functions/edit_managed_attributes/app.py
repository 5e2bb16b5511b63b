"""Create, change and delete managed attributes (POST, PATCH, DELETE /api/v1/managed-attribute).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.transactions.idempotency import Idempotency
from coffer.domain.vocabulary.terms import ManagedAttribute
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.vocabulary.edit import TermEditor
from coffer.identification import configured_identify

identify = configured_identify()
clock = SystemClock()
editor = TermEditor(
    kind=ManagedAttribute,
    vocabulary=DynamoVocabulary(),
    idempotency=Idempotency(runs=DynamoRuns(), clock=clock),
    clock=clock,
)
app = Api()


@app.route("POST /api/v1/managed-attribute", reports_query=True)
def create_managed_attribute(request: Request) -> Response:
    return editor.create(request, identify(request))


@app.route("PATCH /api/v1/managed-attribute/{id}", reports_query=True)
def change_managed_attribute(request: Request) -> Response:
    return editor.change(request, identify(request))


@app.route("DELETE /api/v1/managed-attribute/{id}")
def delete_managed_attribute(request: Request) -> Response:
    return editor.delete(request, identify(request))


lambda_handler = app.handler()

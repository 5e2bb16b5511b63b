"""Create, change and delete object subtypes (POST, PATCH, DELETE /api/v1/object-subtype).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.adapters.system_clock import SystemClock
from coffer.domain.transactions.idempotency import Idempotency
from coffer.domain.vocabulary.terms import ObjectSubtype
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.vocabulary.edit import TermEditor
from coffer.identification import configured_identify

identify = configured_identify()
clock = SystemClock()
editor = TermEditor(
    kind=ObjectSubtype,
    vocabulary=DynamoVocabulary(),
    idempotency=Idempotency(runs=DynamoRuns(), clock=clock),
    clock=clock,
)
app = Api()


@app.route("POST /api/v1/object-subtype", reports_query=True)
def create_object_subtype(request: Request) -> Response:
    return editor.create(request, identify(request))


@app.route("PATCH /api/v1/object-subtype/{id}", reports_query=True)
def change_object_subtype(request: Request) -> Response:
    return editor.change(request, identify(request))


@app.route("DELETE /api/v1/object-subtype/{id}")
def delete_object_subtype(request: Request) -> Response:
    return editor.delete(request, identify(request))


lambda_handler = app.handler()

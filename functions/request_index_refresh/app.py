"""POST /index-refresh, here and below /api/v1: tell whoever indexes of one record, or of all."""

from http import HTTPStatus

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.sqs.processing_queue import queue_client
from coffer.adapters.sqs.refresh_queue import SqsErrands
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.index_refresh import request_refresh
from coffer.http.api import Api
from coffer.http.changes.index_refresh import read_refresh
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import messaging_settings

identify = configured_identify()
errands = SqsErrands(queue_client(), messaging_settings.refresh_index_queue_url)
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/index-refresh", "POST /index-refresh")
def ask_for_refresh(request: Request) -> Response:
    caller = identify(request)
    request_refresh(errands, catalogue, clock, caller, read_refresh(request))
    return Response(status=HTTPStatus.ACCEPTED)


lambda_handler = app.handler()

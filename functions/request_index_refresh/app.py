"""POST /index-refresh, here and below /api/v1: tell whoever indexes of one record, or of all."""

from http import HTTPStatus

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.processing_queue import queue_client
from coffer.adapters.refresh_queue import SqsErrands
from coffer.adapters.system_clock import SystemClock
from coffer.domain.index_refresh import request_refresh
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.refresh_documents import read_refresh
from coffer.http.requests import Request
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
errands = SqsErrands(queue_client(), settings.refresh_index_queue_url)
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/index-refresh", "POST /index-refresh")
def ask_for_refresh(request: Request) -> Answer:
    caller = identify(request)
    request_refresh(errands, catalogue, clock, caller, read_refresh(request))
    return Answer(status=HTTPStatus.ACCEPTED)


lambda_handler = app.handler()

"""Enqueue the index refresh of one record, or of all (POST /index-refresh, also under /api/v1).

Settings, see `coffer/settings.py`: aws, caller, messaging, table.
"""

from http import HTTPStatus

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.sqs.processing_queue import queue_client
from coffer.adapters.sqs.refresh_queue import SqsRefreshQueue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.index_refresh import request_refresh
from coffer.http.api import Api
from coffer.http.changes.index_refresh import parse_refresh_request
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import messaging_settings

identify = configured_identify()
queue = SqsRefreshQueue(queue_client(), messaging_settings.refresh_index_queue_url)
catalogue = DynamoCatalogue()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/index-refresh", "POST /index-refresh")
def request_index_refresh(request: Request) -> Response:
    caller = identify(request)
    request_refresh(queue, catalogue, clock, caller, parse_refresh_request(request))
    return Response(status=HTTPStatus.ACCEPTED)


lambda_handler = app.handler()

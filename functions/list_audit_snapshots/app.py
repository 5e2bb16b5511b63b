"""GET /api/v1/audit-snapshot: who changed what, and when."""

from coffer.adapters.dynamodb.changes.history import DynamoHistory
from coffer.domain.changes.history import read_history
from coffer.http.api import Api
from coffer.http.changes.history import history_response, read_history_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
history = DynamoHistory()
app = Api()


@app.route("GET /api/v1/audit-snapshot")
def list_snapshots(request: Request) -> Response:
    caller = identify(request)
    query = read_history_query(request)
    return history_response(request, query, read_history(history, caller, query))


lambda_handler = app.handler()

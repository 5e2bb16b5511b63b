"""GET /api/v1/audit-snapshot: who changed what, and when."""

from coffer.adapters.dynamodb.history import DynamoHistory
from coffer.domain.history import read_history
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.history_documents import answer_history, read_history_query
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
history = DynamoHistory()
app = Api()


@app.route("GET /api/v1/audit-snapshot")
def list_snapshots(request: Request) -> Answer:
    caller = identify(request)
    query = read_history_query(request)
    return answer_history(request, query, read_history(history, caller, query))


lambda_handler = app.handler()

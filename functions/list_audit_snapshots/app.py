"""List audit snapshots of a record or an author (GET /api/v1/audit-snapshot).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.system_clock import SystemClock
from coffer.domain.changes.history import list_snapshots
from coffer.http.api import Api
from coffer.http.changes.history import parse_snapshot_query, snapshots_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
audit, clock = DynamoAuditReader(), SystemClock()
app = Api()


@app.route("GET /api/v1/audit-snapshot", query="filter[ fiql sort page[limit] page[offset]")
def list_audit_snapshots(request: Request) -> Response:
    caller, query = identify(request), parse_snapshot_query(request)
    return snapshots_response(request, query, list_snapshots(audit, clock, caller, query))


lambda_handler = app.handler()

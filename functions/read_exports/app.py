"""List the caller's exports, and show one (GET /api/v1/object-export and …/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access_keys import own_export
from coffer.domain.export.find import find_exports
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.export.documents import export_response
from coffer.http.export.lists import exports_response, parse_export_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
exports, clock = DynamoExports(), SystemClock()
app = Api()


@app.route("GET /api/v1/object-export", query="filter[ fiql page[limit] page[cursor]")
def list_exports(request: Request) -> Response:
    caller, query = identify(request), parse_export_query(request)
    return exports_response(request, find_exports(exports, clock, caller, query))


@app.route("GET /api/v1/object-export/{id}")
def show_export(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    return export_response(request, own_export(exports, caller, identifier))


lambda_handler = app.handler()

"""List the caller's exports, and show one (GET /api/v1/object-export and …/{id}).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.domain.export.access_keys import own_export
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.export.documents import export_response, exports_response, parse_page
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
exports = DynamoExports()
app = Api()


@app.route("GET /api/v1/object-export", query="page[limit] page[cursor]")
def list_exports(request: Request) -> Response:
    caller = identify(request)
    limit, before = parse_page(request)
    found = exports.of(caller, limit + 1, before)
    return exports_response(request, found, limit, exports.count_of(caller))


@app.route("GET /api/v1/object-export/{id}")
def show_export(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    return export_response(request, own_export(exports, caller, identifier))


lambda_handler = app.handler()

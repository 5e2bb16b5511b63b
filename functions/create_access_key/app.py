"""Issue an access key for the archive of an export (POST /api/v1/object-export/{id}/key)."""

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access_keys import issue_key
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.export.documents import key_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
exports = DynamoExports()
clock = SystemClock()
app = Api()


@app.route("POST /api/v1/object-export/{id}/key")
def create_key(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    return key_response(request, issue_key(exports, clock, caller, identifier))


lambda_handler = app.handler()

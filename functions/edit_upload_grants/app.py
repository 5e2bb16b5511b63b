"""Create and revoke upload grants (POST and DELETE /api/v1/upload-grant/…).

Settings, see `coffer/settings.py`: aws, caller, table, upload.
"""

from http import HTTPStatus

from coffer.adapters.dynamodb.sessions.sessions import DynamoGroupGrants
from coffer.adapters.system_clock import SystemClock
from coffer.domain.identifiers import parse_identifier
from coffer.domain.sessions.grants import create_grant, revoke_grant
from coffer.http.api import Api, require_variable
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.sessions.requests import parse_grant_request
from coffer.http.sessions.responses import grant_response
from coffer.http.sessions.uploaders import Uploaders
from coffer.identification import configured_identify
from coffer.settings import upload_settings

clock = SystemClock()
grants = DynamoGroupGrants(clock)
uploaders = Uploaders(
    identify=configured_identify(), grants=grants, max_bytes=upload_settings.max_upload_bytes
)
app = Api()


@app.route("POST /api/v1/upload-grant/{bucket}")
def create(request: Request) -> Response:
    uploader = uploaders.of(request)
    return grant_response(
        request, create_grant(grants, clock, uploader, parse_grant_request(request))
    )


@app.route("DELETE /api/v1/upload-grant/{bucket}/{id}")
def revoke(request: Request) -> Response:
    uploader = uploaders.of(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    revoke_grant(grants, uploader.caller, uploader.bucket, identifier)
    return Response(status=HTTPStatus.NO_CONTENT)


lambda_handler = app.handler()

"""GET /api/v1/config, …/config/{id} and …/api-info, POST /api/v1/permission-check.

Returns configuration and version of this deployment, and what the caller may do.

Settings, see `coffer/settings.py`: caller, rights, upload.
"""

from coffer import __version__
from coffer.domain.configuration import published
from coffer.http.api import SHORT_LIST_QUERY, Api, require_variable
from coffer.http.documents import resource
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.permissions import parse_permission_check, permission_check_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import rights_settings, upload_settings

LIMITS = published.Limits(
    max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
    max_upload_bytes=upload_settings.max_upload_bytes,
)
DEFAULTS = rights_settings.defaults

identify = configured_identify()
app = Api()


@app.route("GET /api/v1/config", query=SHORT_LIST_QUERY)
def list_configs(request: Request) -> Response:
    identify(request)
    known = published.configuration(LIMITS, DEFAULTS)
    chosen = parse_in_memory_query(request, ("id",)).run([{"id": one} for one in known])
    data = [resource("config", entry["id"], known[entry["id"]]) for entry in chosen]
    return Response.of_json({"data": data})


@app.route("GET /api/v1/config/{id}")
def show_config(request: Request) -> Response:
    identify(request)
    identifier = require_variable(request, "id")
    attributes = published.find_configuration(LIMITS, DEFAULTS, identifier)
    data = resource("config", identifier, attributes)
    return Response.of_json({"data": data, "links": {"self": request.url(())}})


@app.route("GET /api/v1/api-info")
def show_api_info(request: Request) -> Response:
    identify(request)
    data = resource(published.API_INFO, __version__, published.api_info(LIMITS))
    return Response.of_json({"data": data, "links": {"self": request.url(())}})


@app.route("POST /api/v1/permission-check", reports_query=True)
def check_permissions(request: Request) -> Response:
    caller = identify(request)
    return permission_check_response(caller, parse_permission_check(request))


lambda_handler = app.handler()

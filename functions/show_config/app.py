"""List the configurations of this deployment, and show one (GET /api/v1/config and …/{id}).

Settings, see `coffer/settings.py`: caller, rights, upload.
"""

from coffer.domain.configuration.published import Limits, configuration, find_configuration
from coffer.http.api import SHORT_LIST_QUERY, Api, require_variable
from coffer.http.documents import API_ROOT, resource
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import rights_settings, upload_settings

KIND = "config"
LIMITS = Limits(
    max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
    max_upload_bytes=upload_settings.max_upload_bytes,
)
DEFAULTS = rights_settings.defaults

identify = configured_identify()
app = Api()


@app.route("GET /api/v1/config", query=SHORT_LIST_QUERY)
def list_configs(request: Request) -> Response:
    identify(request)
    known = configuration(LIMITS, DEFAULTS)
    chosen = parse_in_memory_query(request, ("id",)).run(
        [{"id": identifier} for identifier in known]
    )
    data = [resource(KIND, entry["id"], known[entry["id"]]) for entry in chosen]
    return Response.of_json({"data": data})


@app.route("GET /api/v1/config/{id}")
def show_config(request: Request) -> Response:
    identify(request)
    identifier = require_variable(request, "id")
    data = resource(KIND, identifier, find_configuration(LIMITS, DEFAULTS, identifier))
    url = f"{request.base_url}{API_ROOT}/{KIND}/{identifier}"
    return Response.of_json({"data": data, "links": {"self": url}})


lambda_handler = app.handler()

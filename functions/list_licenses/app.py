"""List the licences for metadata, and show one (GET /api/v1/license and …/{id}).

Settings, see `coffer/settings.py`: caller.
"""

from coffer.domain.vocabulary.licenses import LICENSES, License, find_license
from coffer.http.api import SHORT_LIST_QUERY, Api, require_variable
from coffer.http.documents import API_ROOT, resource
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

KIND = "license"

identify = configured_identify()
app = Api()


@app.route("GET /api/v1/license", query=SHORT_LIST_QUERY)
def list_licenses(request: Request) -> Response:
    identify(request)
    query = parse_in_memory_query(request, ("url", "id"))
    selected = query.run([{"url": one.url, "id": one.identifier} for one in LICENSES])
    return Response.of_json({"data": [present(find_license(entry["id"])) for entry in selected]})


@app.route("GET /api/v1/license/{id}")
def show_license(request: Request) -> Response:
    identify(request)
    found = find_license(require_variable(request, "id"))
    url = f"{request.base_url}{API_ROOT}/{KIND}/{found.identifier}"
    return Response.of_json({"data": present(found), "links": {"self": url}})


def present(one: License) -> dict[str, object]:
    return resource(KIND, one.identifier, {"url": one.url, "titles": dict(one.titles)})


lambda_handler = app.handler()

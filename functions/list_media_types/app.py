"""List the media types of accepted files, and show one (GET /api/v1/media-type and …/{id}).

Settings, see `coffer/settings.py`: caller, upload.
"""

from urllib.parse import quote

from coffer.domain.vocabulary.media_types import accepted_media_types, find_media_type
from coffer.http.api import SHORT_LIST_QUERY, Api
from coffer.http.documents import API_ROOT, resource
from coffer.http.listing.in_memory_query import parse_in_memory_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import plain_path_response
from coffer.identification import configured_identify
from coffer.settings import upload_settings

KIND = "media-type"
ATTRIBUTE = "mediaType"

identify = configured_identify()
forbidden = upload_settings.forbidden_media_types
app = Api()


@app.route("GET /api/v1/media-type", query=SHORT_LIST_QUERY)
def list_media_types(request: Request) -> Response:
    identify(request)
    query = parse_in_memory_query(request, (ATTRIBUTE, "id"))
    known = accepted_media_types(forbidden)
    names = [one["id"] for one in query.run([{ATTRIBUTE: name, "id": name} for name in known])]
    return Response.of_json({"data": [resource(KIND, one, {ATTRIBUTE: one}) for one in names]})


@app.route("GET /api/v1/media-type/{id+}")
def show_media_type(request: Request) -> Response:
    # The path variable is greedy because a media type has a slash. So this route also matches paths
    # with a slash at the end, and the variable may be empty.
    name = request.variables.get("id") or ""
    if request.path.endswith("/") and name.rstrip("/") in ("", *accepted_media_types(forbidden)):
        return plain_path_response(request)
    identify(request)
    media_type = find_media_type(name, forbidden)
    url = f"{request.base_url}{API_ROOT}/{KIND}/{quote(media_type)}"
    data = resource(KIND, media_type, {ATTRIBUTE: media_type})
    return Response.of_json({"data": data, "links": {"self": url}})


lambda_handler = app.handler()

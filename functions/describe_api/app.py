"""GET /api/v1/health, /openapi.json and /docs: state and description of the API.

Settings, see `coffer/settings.py`: rawstore, upload.
"""

import coffer
from coffer.http.api import Api
from coffer.http.docs.document import openapi_document
from coffer.http.docs.page import HTML, docs_page
from coffer.http.openapi.deployment import Deployment
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response
from coffer.settings import rawstore_settings, upload_settings

deployment = Deployment(
    service_name=rawstore_settings.service_name,
    max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
    max_post_bytes=upload_settings.max_post_bytes,
)
app = Api()


@app.route("GET /api/v1/health", query=None)
def get_health(_request: Request) -> Response:
    document = {"status": "ok", "version": coffer.__version__, "service": "coffer"}
    return Response.of_json(document, media_type=JSON, headers={"Cache-Control": "no-store"})


@app.route("GET /api/v1/openapi.json", query=None)
def get_openapi_document(_request: Request) -> Response:
    headers = {"Content-Type": JSON, "Cache-Control": "public, max-age=300"}
    return Response(headers=headers, body=openapi_document(deployment))


@app.route("GET /api/v1/docs", media_types=(HTML,), query=None)
def get_docs(request: Request) -> Response:
    return docs_page(request, openapi_document(deployment))


lambda_handler = app.handler()

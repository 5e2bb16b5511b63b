"""GET /api/v1/health, /openapi.json and /docs: the health and the description of the API."""

import coffer
from coffer.http.api import Api
from coffer.http.docs import HTML, docs_page
from coffer.http.openapi import Deployment, describe
from coffer.http.requests import Request
from coffer.http.responses import JSON, Response
from coffer.settings import rawstore_settings, upload_settings

# Made once: it is the same for every request that this process will ever see.
DESCRIPTION = Response.of_json(
    describe(
        Deployment(
            rawstore=rawstore_settings.service_name,
            max_direct_upload_bytes=upload_settings.max_direct_upload_bytes,
            max_post_bytes=upload_settings.max_post_bytes,
        )
    ),
    media_type=JSON,
    headers={"Cache-Control": "public, max-age=300"},
)
DOCS = docs_page()
app = Api()


@app.route("GET /api/v1/health")
def say_ok(_request: Request) -> Response:
    document = {"status": "ok", "version": coffer.__version__, "service": "coffer"}
    return Response.of_json(document, media_type=JSON, headers={"Cache-Control": "no-store"})


@app.route("GET /api/v1/openapi.json")
def show_description(_request: Request) -> Response:
    return DESCRIPTION


@app.route("GET /api/v1/docs", media_types=(HTML,))
def show_docs(_request: Request) -> Response:
    return DOCS


lambda_handler = app.handler()

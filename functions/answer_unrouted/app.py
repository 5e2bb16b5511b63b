"""$default: requests that no other route matches.

Settings, see `coffer/settings.py`: rawstore.
"""

from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import unrouted_response
from coffer.settings import rawstore_settings

service = rawstore_settings.service_name
app = Api(negotiates=False)


@app.route("$default")
def respond(request: Request) -> Response:
    return unrouted_response(request, service=service)


lambda_handler = app.handler()

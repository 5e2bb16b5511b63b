"""List the prefixes of the token user's files (GET /{service}/info).

Settings, see `coffer/settings.py`: aws, rawstore.
"""

from coffer.adapters.rawstore.store import dataset_endpoint, dataset_host
from coffer.adapters.signing.sigv4 import encode_path
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.permission import configured_permission_tokens
from coffer.domain.rawstore.addresses import prefixes_of
from coffer.http.api import Api
from coffer.http.rawstore.documents import (
    is_mounted,
    permissions_of,
    present_prefixes,
    render_error,
    render_internal_error,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import unrouted_response
from coffer.settings import rawstore_settings

tokens = configured_permission_tokens(SystemClock())
bucket, host = rawstore_settings.storage_bucket_name, dataset_host()
bucket_url = dataset_endpoint().bucket_url(bucket)
service = rawstore_settings.service_name
app = Api(negotiates=False, errors=render_error, crash=render_internal_error)


@app.route("GET /{service}/info")
def list_prefixes(request: Request) -> Response:
    if not is_mounted(request, service):
        return unrouted_response(request, service=service)
    permissions = permissions_of(request, tokens)
    permissions.require_service(service)
    user = encode_path(permissions.user_id)
    return present_prefixes(prefixes_of(user, bucket_url=bucket_url, host=host, bucket=bucket))


lambda_handler = app.handler()

"""Sign the download of a file of the token's user (GET /{service}/presign).

Settings, see `coffer/settings.py`: aws, rawstore.
"""

from coffer.adapters.rawstore.forms import PUBLIC_READ
from coffer.adapters.rawstore.objects import S3DatasetObjects
from coffer.adapters.rawstore.signer import dataset_signer
from coffer.adapters.rawstore.store import dataset_address, dataset_endpoint
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.permission import configured_permission_tokens
from coffer.domain.rawstore.downloads import DownloadRules, presign_download
from coffer.domain.rawstore.keys import KeyPattern
from coffer.http.api import Api
from coffer.http.rawstore.documents import (
    is_mounted,
    permissions_of,
    present_link,
    render_error,
    render_internal_error,
    url_parameter,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import unrouted_response
from coffer.settings import rawstore_settings

clock = SystemClock()
tokens = configured_permission_tokens(clock)
bucket = rawstore_settings.storage_bucket_name
objects = S3DatasetObjects(dataset_signer(clock), dataset_endpoint(), bucket, clock)
service = rawstore_settings.service_name
rules = DownloadRules(
    service=service,
    store=dataset_address(),
    keys_begin_with_owner=KeyPattern.parse(
        rawstore_settings.storage_path_pattern
    ).begins_with_owner,
    public_by_acl=rawstore_settings.rawstore_acl == PUBLIC_READ,
)
app = Api(negotiates=False, errors=render_error, crash=render_internal_error)


@app.route("GET /{service}/presign")
def presign(request: Request) -> Response:
    if not is_mounted(request, service):
        return unrouted_response(request, service=service)
    permissions = permissions_of(request, tokens)
    owner = request.parameter("ownerid")
    return present_link(
        presign_download(objects, permissions, url_parameter(request), owner, rules)
    )


lambda_handler = app.handler()

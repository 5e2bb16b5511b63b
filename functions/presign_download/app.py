"""GET /{service}/presign: sign the download of a file of the token's user."""

from coffer.adapters.rawstore.forms import PUBLIC_READ
from coffer.adapters.rawstore.objects import S3PackageObjects
from coffer.adapters.rawstore.store import (
    package_address,
    package_bucket,
    package_endpoint,
    package_signer,
)
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.permission import configured_permission_tokens
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.presigning import DownloadRules, presign_download
from coffer.http.api import Api
from coffer.http.rawstore.documents import (
    is_mounted,
    permit_of,
    present_link,
    render_crash,
    render_error,
    url_of,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import unrouted_response
from coffer.settings import settings

clock = SystemClock()
tokens = configured_permission_tokens(clock)
objects = S3PackageObjects(package_signer(clock), package_endpoint(), package_bucket(), clock)
rules = DownloadRules(
    service=settings.service_name,
    store=package_address(),
    owner_leads=KeyPattern.parse(settings.storage_path_pattern).begins_with_owner,
    public_by_acl=settings.rawstore_acl == PUBLIC_READ,
)
app = Api(negotiates=False, errors=render_error, crash=render_crash)


@app.route("GET /{service}/presign")
def presign(request: Request) -> Response:
    if not is_mounted(request, settings.service_name):
        return unrouted_response(request, service=settings.service_name)
    permit = permit_of(request, tokens)
    owner = request.parameter("ownerid")
    return present_link(presign_download(objects, permit, url_of(request), owner, rules))


lambda_handler = app.handler()

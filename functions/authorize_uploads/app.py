"""Sign the uploads of a dataset (POST /{service}/authorize, and its alias POST /{service}/).

Settings, see `coffer/settings.py`: aws, rawstore, table.
"""

from coffer.adapters.rawstore.forms import PUBLIC_READ, S3DatasetForms
from coffer.adapters.rawstore.objects import S3StoredFiles
from coffer.adapters.rawstore.signer import dataset_signer
from coffer.adapters.rawstore.store import dataset_endpoint
from coffer.adapters.rawstore.usage_totals import DynamoUsageTotals
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.permission import configured_permission_tokens
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.uploads import UploadRules, authorize_uploads
from coffer.http.api import Api
from coffer.http.rawstore.documents import (
    is_mounted,
    permissions_of,
    present_uploads,
    read_document,
    render_error,
    render_internal_error,
)
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.unrouted import unrouted_response
from coffer.settings import rawstore_settings, table_settings

clock = SystemClock()
tokens = configured_permission_tokens(clock)
bucket, endpoint, signer = (
    rawstore_settings.storage_bucket_name,
    dataset_endpoint(),
    dataset_signer(clock),
)
forms = S3DatasetForms(signer, bucket, acl=rawstore_settings.rawstore_acl)
stored_files = S3StoredFiles(signer, endpoint, bucket, clock)
totals = DynamoUsageTotals(table_settings.usage_table, clock)
service = rawstore_settings.service_name
rules = UploadRules(
    service=service,
    pattern=KeyPattern.parse(rawstore_settings.storage_path_pattern),
    public_by_acl=rawstore_settings.rawstore_acl == PUBLIC_READ,
)
app = Api(negotiates=False, errors=render_error, crash=render_internal_error)


@app.route("POST /{service}/authorize", "POST /{service}/{proxy+}")
def authorize(request: Request) -> Response:
    if not is_mounted(request, service):
        return unrouted_response(request, service=service)
    permissions = permissions_of(request, tokens)
    authorized = authorize_uploads(
        forms, stored_files, totals, clock, permissions, read_document(request), rules
    )
    return present_uploads(authorized, endpoint.bucket_url(bucket))


lambda_handler = app.handler()

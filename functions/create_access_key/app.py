"""Issue an access key for the archive of an export (POST /api/v1/object-export/{id}/key).

Settings, see `coffer/settings.py`: aws, caller, store, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys, DynamoExports
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.access_keys import KeyIssuer
from coffer.domain.identifiers import parse_identifier
from coffer.http.api import Api, require_variable
from coffer.http.export.documents import key_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify
from coffer.settings import store_settings

identify = configured_identify()
clock = SystemClock()
issuer = KeyIssuer(
    exports=DynamoExports(),
    keys=DynamoAccessKeys(),
    archives=S3Archives(store_signer(), store_endpoint(), store_settings.object_bucket, clock),
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    clock=clock,
)
app = Api()


@app.route("POST /api/v1/object-export/{id}/key")
def create_key(request: Request) -> Response:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    return key_response(request, issuer.issue(caller, identifier))


lambda_handler = app.handler()

"""POST /api/v1/object-export, and at the root: have files put into one archive."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.exports import DynamoExports
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.export_archives import S3Archives
from coffer.adapters.export_queue import SqsExportQueue
from coffer.adapters.store_signing import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.requesting import ExportLimits, Requesting
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.export_documents import answer_created, present_request, read_export_request
from coffer.http.requests import Request
from coffer.identification import configured_identify
from coffer.settings import settings

identify = configured_identify()
clock = SystemClock()
requesting = Requesting(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    exports=DynamoExports(),
    documents=S3Archives(store_signer(), store_endpoint(), settings.object_bucket, clock),
    queue=SqsExportQueue(settings.build_export_queue_url, clock),
    clock=clock,
    limits=ExportLimits(files=settings.max_export_entries, size_bytes=settings.max_export_bytes),
)
app = Api()


@app.route("POST /api/v1/object-export", "POST /object-export")
def create_export(request: Request) -> Answer:
    caller = identify(request)
    wanted = read_export_request(request)
    export = requesting.create(caller, wanted)
    return answer_created(request, export, present_request(export, wanted))


lambda_handler = app.handler()

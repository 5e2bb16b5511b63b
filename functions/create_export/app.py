"""POST /api/v1/object-export, and at the root: have files put into one archive."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.exports import DynamoExports
from coffer.adapters.dynamodb.runs import DynamoRuns
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.export_archives import S3Archives
from coffer.adapters.export_queue import SqsExportQueue
from coffer.adapters.store_signing import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.requesting import ExportLimits, Requesting
from coffer.domain.idempotency import Idempotency, Run
from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.export_documents import answer_created, present_request, read_export_request
from coffer.http.idempotency import answer_once, reserved
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
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/object-export", "POST /object-export")
def create_export(request: Request) -> Answer:
    caller = identify(request)

    def make(run: Run | None) -> Answer:
        wanted = read_export_request(request)
        export = requesting.create(caller, wanted, reserved(run))
        return answer_created(request, export, present_request(export, wanted))

    return answer_once(request, caller, idempotency, make)


lambda_handler = app.handler()

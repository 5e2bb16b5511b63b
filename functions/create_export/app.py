"""Create an export of files as one archive (POST /api/v1/object-export, also at the root).

Settings, see `coffer/settings.py`: aws, caller, export, messaging, store, table.
"""

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.adapters.dynamodb.export.started import DynamoStartedExports
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.transactions.idempotency import DynamoRuns
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.sqs.export_queue import SqsExportQueue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.create import ExportCreator, ExportLimits
from coffer.domain.transactions.idempotency import Idempotency, Run
from coffer.http.api import Api
from coffer.http.export.documents import created_response, parse_export_request, present_request
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.http.transactions.idempotency import idempotent_response, reserved_identifier
from coffer.identification import configured_identify
from coffer.settings import export_settings, messaging_settings, store_settings

identify = configured_identify()
clock = SystemClock()
requesting = ExportCreator(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    exports=DynamoExports(),
    started=DynamoStartedExports(),
    documents=S3Archives(store_signer(), store_endpoint(), store_settings.object_bucket, clock),
    queue=SqsExportQueue(messaging_settings.build_export_queue_url, clock),
    clock=clock,
    limits=ExportLimits(
        files=export_settings.max_export_entries,
        size_bytes=export_settings.max_export_bytes,
        running=export_settings.max_running_exports,
    ),
)
idempotency = Idempotency(runs=DynamoRuns(), clock=clock)
app = Api()


@app.route("POST /api/v1/object-export", "POST /object-export")
def create_export(request: Request) -> Response:
    caller = identify(request)

    def make(run: Run | None) -> Response:
        wanted = parse_export_request(request)
        export = requesting.create(caller, wanted, reserved_identifier(run))
        return created_response(request, export, present_request(export, wanted))

    return idempotent_response(request, caller, idempotency, make)


lambda_handler = app.handler()

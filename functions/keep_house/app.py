"""Finish or remove what interrupted functions left, every 15 minutes.

Settings, see `coffer/settings.py`: aws, messaging, store, table, upload.
"""

from typing import Any

from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.adapters.dynamodb.sessions.sessions import DynamoSessions
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.sqs.export_queue import SqsExportQueue
from coffer.adapters.sqs.processing_queue import arrivals
from coffer.adapters.system_clock import SystemClock
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.housekeeping import Housekeeping
from coffer.domain.metadata.delete import Cascade
from coffer.domain.sessions.cleanup import SessionCleanup
from coffer.domain.uploads.completion import Completion
from coffer.observability import count, flush_metrics, logger, start_invocation
from coffer.settings import messaging_settings, store_settings, upload_settings

bucket, copy_conditions = store_settings.object_bucket, store_settings.copy_conditions
uploads, catalogue, clock = DynamoUploads(), DynamoCatalogue(), SystemClock()
objects = S3Objects(s3_client(), bucket, copy_conditions=copy_conditions)
location = (store_signer(), store_endpoint(), bucket, clock)
sessions, store = DynamoSessions(clock), S3MultipartStore(*location)
export_queue = SqsExportQueue(messaging_settings.build_export_queue_url, clock)
housekeeping = Housekeeping(
    uploads=uploads,
    objects=objects,
    queue=arrivals(messaging_settings.process_upload_queue_url, bucket),
    completion=Completion(
        uploads=uploads,
        objects=objects,
        clock=clock,
        stream_hash_limit_bytes=upload_settings.brief_hash_limit_bytes,
        copy_conditions=copy_conditions,
    ),
    cascade=Cascade(uploads=uploads, catalogue=catalogue, clock=clock),
    export_cleanup=ExportCleanup(
        exports=DynamoExports(), archives=S3Archives(*location), queue=export_queue, clock=clock
    ),
    session_cleanup=SessionCleanup(sessions=sessions, store=store, clock=clock),
    clock=clock,
)


def lambda_handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    start_invocation(context.aws_request_id)
    done = dict(housekeeping.run())
    logger.info("house kept", done=done)
    for name, times in done.items():
        count(f"Housekeeping{name.title().replace('_', '')}", times)
    flush_metrics()
    return done

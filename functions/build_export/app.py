"""Build the archive of an export, or resume a build, as far as the time allows.

Settings, see `coffer/settings.py`: aws, messaging, store, table.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from coffer.adapters.compression import FastCompression
from coffer.adapters.dynamodb.export.exports import DynamoExports
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.imaging.decoder_function import DecoderFunction, FunctionImages
from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.sqs.export_queue import SqsExportQueue
from coffer.adapters.system_clock import SystemClock
from coffer.batches import timed_queue_handler
from coffer.domain.clock import RemainingTime
from coffer.domain.export.build import ExportBuilder
from coffer.observability import MetricUnit, count, logger
from coffer.settings import messaging_settings, store_settings

clock, bucket = SystemClock(), store_settings.object_bucket
archives = S3Archives(
    store_signer(), store_endpoint(), bucket, clock, copy_conditions=store_settings.copy_conditions
)
decoder = DecoderFunction(clock)
builder = partial(
    ExportBuilder,
    exports=DynamoExports(),
    archives=archives,
    queue=SqsExportQueue(messaging_settings.build_export_queue_url, clock),
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    compression=FastCompression(),
    clock=clock,
)


def build(event: Mapping[str, Any], attempt: int, remaining: RemainingTime) -> None:
    identifier = event["detail"]["exportId"]
    fetched, sent = archives.fetched, archives.sent
    building = builder(images=FunctionImages(decoder, remaining))
    outcome = building.build(identifier, remaining)
    fetched, sent = archives.fetched - fetched, archives.sent - sent
    logger.info(
        "export worked on",
        export_id=identifier,
        outcome=outcome.value,
        bytes_read=fetched,
        bytes_written=sent,
        attempt=attempt,
    )
    count(f"Exports{outcome.value.title().replace('_', '')}")
    count("BytesRead", fetched, MetricUnit.Bytes)


lambda_handler = timed_queue_handler(build)

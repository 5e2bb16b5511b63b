"""S3 Object Created in incoming/: claim, inspect, and promote or reject the file.

Settings, see `coffer/settings.py`: aws, messaging, store, table, upload.
"""

from typing import Any

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import COPY_TIMEOUT, S3Objects, s3_client
from coffer.adapters.sqs.processing_queue import large_arrivals
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.uploads.completion import PromotionOutcome
from coffer.domain.uploads.large_files import QueuedLargeFiles
from coffer.domain.uploads.promotion import Promotion
from coffer.observability import MetricUnit, count, logger
from coffer.settings import messaging_settings, store_settings, upload_settings

bucket, copy_conditions = store_settings.object_bucket, store_settings.copy_conditions
objects = S3Objects(
    s3_client(),
    bucket,
    copies=s3_client(copy_timeout=COPY_TIMEOUT),
    copy_conditions=copy_conditions,
)
promotion = Promotion(
    uploads=DynamoUploads(),
    objects=objects,
    clock=SystemClock(),
    max_bytes=upload_settings.max_upload_bytes,
    forbidden=upload_settings.forbidden_media_types,
    stream_hash_limit_bytes=upload_settings.brief_hash_limit_bytes,
    large_files=QueuedLargeFiles(
        queue=large_arrivals(messaging_settings.promote_large_upload_queue_url, bucket)
    ),
    copy_conditions=copy_conditions,
)


def process(event: dict[str, Any], attempt: int) -> None:
    key = event["detail"]["object"]["key"]
    before = objects.bytes_read
    outcome = promotion.process(key)
    read = objects.bytes_read - before
    level = logger.warning if outcome is PromotionOutcome.FOREIGN else logger.info
    level("arrival processed", key=key, outcome=outcome.value, bytes_read=read, attempt=attempt)
    count(f"Arrivals{outcome.value.title()}")
    count("BytesRead", read, MetricUnit.Bytes)


lambda_handler = queue_handler(process)

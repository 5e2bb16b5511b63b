"""Copy a claimed file from the queue of large files in parts, until time runs out.

Settings, see `coffer/settings.py`: aws, messaging, store, table, upload.
"""

from typing import Any

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.multipart_copies import S3MultipartCopies
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.sqs.processing_queue import large_arrivals
from coffer.adapters.system_clock import SystemClock
from coffer.batches import timed_queue_handler
from coffer.domain.clock import RemainingTime
from coffer.domain.uploads.large_files import PART_TIMEOUT, MultipartLargeFiles
from coffer.domain.uploads.promotion import Promotion
from coffer.observability import MetricUnit, count, logger
from coffer.settings import messaging_settings, store_settings, upload_settings

s3, s3_copies = s3_client(), s3_client(copy_timeout=PART_TIMEOUT)
bucket, copy_conditions = store_settings.object_bucket, store_settings.copy_conditions
objects = S3Objects(s3, bucket, copies=s3_copies, copy_conditions=copy_conditions)
copies = S3MultipartCopies(s3, bucket, objects, copies=s3_copies, copy_conditions=copy_conditions)
uploads = DynamoUploads()
max_bytes = upload_settings.max_upload_bytes
stream_hash_limit_bytes = upload_settings.stream_hash_limit_bytes
queue = large_arrivals(messaging_settings.promote_large_upload_queue_url, bucket)


def promote(event: dict[str, Any], attempt: int, remaining: RemainingTime) -> None:
    key = event["detail"]["object"]["key"]
    promotion = Promotion(
        uploads=uploads,
        objects=objects,
        clock=SystemClock(),
        max_bytes=max_bytes,
        stream_hash_limit_bytes=stream_hash_limit_bytes,
        large_files=MultipartLargeFiles(
            uploads=uploads, copies=copies, queue=queue, remaining=remaining
        ),
        copy_conditions=copy_conditions,
    )
    before = objects.bytes_read
    outcome = promotion.process(key)
    read = objects.bytes_read - before
    logger.info(
        "large arrival processed",
        key=key,
        outcome=outcome.value,
        bytes_read=read,
        attempt=attempt,
    )
    count(f"Arrivals{outcome.value.title()}")
    count("BytesRead", read, MetricUnit.Bytes)


lambda_handler = timed_queue_handler(promote)

"""S3 Object Created in incoming/: claim, look into, promote or refuse what arrived."""

from typing import Any

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import COPYING, S3Objects, s3_client
from coffer.adapters.sqs.processing_queue import large_arrivals
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.uploads.large_files import HandedOn
from coffer.domain.uploads.promotion import Outcome, Promotion
from coffer.observability import MetricUnit, count, logger
from coffer.settings import settings

objects = S3Objects(
    s3_client(read_timeout=COPYING),
    settings.object_bucket,
    copy_conditions=settings.copy_conditions,
)
promotion = Promotion(
    uploads=DynamoUploads(),
    objects=objects,
    clock=SystemClock(),
    max_bytes=settings.max_upload_bytes,
    stream_hash_limit_bytes=settings.brief_hash_limit_bytes,
    large_files=HandedOn(queue=large_arrivals()),
    copy_conditions=settings.copy_conditions,
)


def process(event: dict[str, Any], attempt: int) -> None:
    key = event["detail"]["object"]["key"]
    before = objects.bytes_read
    outcome = promotion.process(key)
    read = objects.bytes_read - before
    level = logger.warning if outcome is Outcome.FOREIGN else logger.info
    level("arrival processed", key=key, outcome=outcome.value, bytes_read=read, attempt=attempt)
    count(f"Arrivals{outcome.value.title()}")
    count("BytesRead", read, MetricUnit.Bytes)


lambda_handler = queue_handler(process)

"""Record the storage that owners use (Object Created and Deleted in RawstoreBucket).

Settings, see `coffer/settings.py`: aws, rawstore, table.
"""

from typing import Any

from coffer.adapters.dynamodb.rawstore import DynamoUsageRecords
from coffer.adapters.rawstore.objects import S3DatasetObjects
from coffer.adapters.rawstore.signer import dataset_signer
from coffer.adapters.rawstore.store import dataset_endpoint
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.rawstore.usage import record_created, record_deleted
from coffer.observability import count, logger
from coffer.settings import rawstore_settings

clock = SystemClock()
records = DynamoUsageRecords()
bucket = rawstore_settings.storage_bucket_name
objects = S3DatasetObjects(dataset_signer(clock), dataset_endpoint(), bucket, clock)


def record(event: dict[str, Any], attempt: int) -> None:
    changed = event["detail"]["object"]
    key, sequencer = changed["key"], changed["sequencer"]
    if event["detail-type"] == "Object Created":
        outcome = record_created(records, objects, key, etag=changed["etag"], sequencer=sequencer)
    else:
        outcome = record_deleted(records, clock, key, sequencer=sequencer)
    logger.info("usage recorded", outcome=outcome.value, attempt=attempt)
    count(f"Usage{outcome.value.title()}")


lambda_handler = queue_handler(record)

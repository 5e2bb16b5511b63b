"""S3 Object Created and Object Deleted in RawstoreBucket: account for what owners keep there."""

from typing import Any

from coffer.adapters.dynamodb.rawstore import DynamoUsageRecords
from coffer.adapters.rawstore.objects import S3PackageObjects
from coffer.adapters.rawstore.signer import package_signer
from coffer.adapters.rawstore.store import package_endpoint
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.rawstore.usage import enter_created, enter_deleted
from coffer.observability import count, logger
from coffer.settings import rawstore_settings

clock = SystemClock()
records = DynamoUsageRecords()
bucket = rawstore_settings.storage_bucket_name
objects = S3PackageObjects(package_signer(clock), package_endpoint(), bucket, clock)


def record(event: dict[str, Any], attempt: int) -> None:
    changed = event["detail"]["object"]
    key, sequencer = changed["key"], changed["sequencer"]
    if event["detail-type"] == "Object Created":
        account = enter_created(records, objects, key, etag=changed["etag"], sequencer=sequencer)
    else:
        account = enter_deleted(records, clock, key, sequencer=sequencer)
    logger.info("usage accounted for", account=account.value, attempt=attempt)
    count(f"Usage{account.value.title()}")


lambda_handler = queue_handler(record)

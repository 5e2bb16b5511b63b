"""Publish the changes that `publish_changes` failed to publish.

For each batch of stream records that failed on every attempt, Lambda writes one object into
FailedChangesBucket. Its `payload` is the whole event (Lambda Developer Guide, "Using an Amazon S3
bucket as an on-failure destination"). A change that can never succeed is written there at once and
alone, by the function itself, in the same form. Publishing a change twice is harmless: the audit
keeps one snapshot per version, and the ids of the events stay the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.installation import FunctionFailedError, Installation

BUCKET = "FailedChangesBucket"
PUBLISHER = "PublishChangesFunction"


@dataclass(frozen=True)
class RedrivenChanges:
    """The number of batches that were published, and the reason of each that failed, by key."""

    published: int
    failed: Mapping[str, str]


def failed_batches(installation: Installation) -> Iterator[str]:
    """Yield the keys of the batches: oldest first within a shard, then the records set aside."""
    pages = installation.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=installation.names[BUCKET]):
        for entry in page.get("Contents", ()):
            yield str(entry["Key"])


def redrive_stream(installation: Installation, log: Callable[[str], None]) -> RedrivenChanges:
    """Publish every batch and delete those that succeed. A batch that fails stays."""
    s3, bucket = installation.client("s3"), installation.names[BUCKET]
    published, failed = 0, {}
    for key in list(failed_batches(installation)):
        document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        reason = _publish(installation, document)
        if reason is not None:
            failed[key] = reason
            continue
        s3.delete_object(Bucket=bucket, Key=key)
        published += 1
        if published % 100 == 0:
            log(f"{published} batches published")
    return RedrivenChanges(published, failed)


def _publish(installation: Installation, document: Mapping[str, Any]) -> str | None:
    """Publish a batch. Return the reason if it failed, else None."""
    payload = document.get("payload")
    if payload is None:
        return "the object has no payload: Lambda did not write it"
    event = json.loads(payload) if isinstance(payload, str) else payload
    try:
        # The function then reports a change that is refused again, and does not set it aside.
        response = installation.invoke(PUBLISHER, {**event, "isRedrive": True})
    except FunctionFailedError as error:
        return str(error)
    failures = (response or {}).get("batchItemFailures", [])
    if failures:
        numbers = ", ".join(str(one["itemIdentifier"]) for one in failures)
        return f"record {numbers} failed again"
    return None

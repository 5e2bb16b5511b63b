"""Changes that publish_changes could not tell: kept whole by Lambda, told again from there.

Lambda writes one object for each batch of stream records that failed for good; its `payload` is
the whole event (Lambda Developer Guide, "Using an Amazon S3 bucket as an on-failure destination").
Telling twice is harmless: the audit keeps one entry a version, and events keep their ids.
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
class Told:
    """How many batches were told and deleted, and which failed again, with the reason."""

    batches: int
    failed: Mapping[str, str]


def failed_batches(installation: Installation) -> Iterator[str]:
    """The keys of the batches, oldest first within a shard, as Lambda names them."""
    pages = installation.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=installation.names[BUCKET]):
        for found in page.get("Contents", ()):
            yield str(found["Key"])


def redrive_stream(installation: Installation, say: Callable[[str], None]) -> Told:
    """Tell every batch again; one that fails again stays, and the others don't wait for it."""
    s3, bucket = installation.client("s3"), installation.names[BUCKET]
    told, failed = 0, {}
    for key in list(failed_batches(installation)):
        document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        problem = _tell(installation, document)
        if problem is not None:
            failed[key] = problem
            continue
        s3.delete_object(Bucket=bucket, Key=key)
        told += 1
        if told % 100 == 0:
            say(f"{told} batches told")
    return Told(told, failed)


def _tell(installation: Installation, document: Mapping[str, Any]) -> str | None:
    """Why a batch could not be told again; None where it could."""
    payload = document.get("payload")
    if payload is None:
        return "the object has no payload: it isn't one of Lambda's"
    event = json.loads(payload) if isinstance(payload, str) else payload
    try:
        answer = installation.invoke(PUBLISHER, event)
    except FunctionFailedError as error:
        return str(error)
    failures = (answer or {}).get("batchItemFailures", [])
    if failures:
        return f"record {failures[0]['itemIdentifier']} failed again"
    return None

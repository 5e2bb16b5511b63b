"""Set aside stream records that cannot be published, in the bucket of failed changes.

Lambda stores batches that failed on every attempt in the same bucket. The objects have the same
form, so `operations.failed_changes` publishes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from coffer.adapters.s3.objects import s3_client
from coffer.domain.clock import Clock, to_text
from coffer.domain.fields import compact_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "set-aside/"


class FailedChanges:
    """The bucket of failed changes. Its client is created when the first record is set aside."""

    def __init__(
        self, bucket: str, clock: Clock, client: Callable[[], S3Client] = s3_client
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._client = cache(client)

    def set_aside(self, table: str, record: Mapping[str, Any], reason: str) -> None:
        """Store one record of a table's stream. Storing it twice leaves one object."""
        number = record["dynamodb"]["SequenceNumber"]
        document = {
            "version": "1.0",
            "timestamp": to_text(self._clock.now()),
            "requestContext": {"condition": "ChangeRefused", "approximateInvokeCount": 1},
            "reason": reason,
            "payload": compact_json({"Records": [record]}),
        }
        self._client().put_object(
            Bucket=self._bucket,
            Key=f"{PREFIX}{table}/{number}.json",
            Body=compact_json(document).encode(),
            ContentType="application/json",
        )

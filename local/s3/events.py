"""Publish S3's events in EventBridge's form, one for each change.

Source: Amazon S3 User Guide, "EventBridge event message structure". The key is not encoded there
(only S3's direct notifications encode it), and the ETag has no quotes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local.s3.store import ACCOUNT_ID, Removal, S3Object

log = logging.getLogger(__name__)

Event = dict[str, Any]


class Sequencer:
    """Creates increasing numbers of 16 hex digits: 32 bits of seconds, 32 bits of their fraction.

    They increase even if the clock is set back, so they order the events of a key.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, moment: datetime) -> str:
        number = (int(moment.timestamp()) << 32) | (moment.microsecond * (1 << 32) // 1_000_000)
        with self._lock:
            self._last = max(self._last + 1, number)
            return f"{self._last:016x}"


@dataclass(frozen=True)
class EventCause:
    """The cause of a change: request id, client address, S3's name of the operation, and caller.

    A change by S3 itself, such as an expiry, has no address.
    """

    request_id: str
    client_address: str
    reason: str
    requester: str = ACCOUNT_ID


class EventPublisher:
    """Creates events and passes them to `deliver`. An error in `deliver` does not fail a change."""

    def __init__(
        self, region: str, now: Callable[[], datetime], deliver: Callable[[Event], None]
    ) -> None:
        self._region = region
        self._now = now
        self.deliver = deliver
        self._sequencer = Sequencer()
        self._enabled: set[str] = set()

    def reset(self) -> None:
        self._enabled.clear()

    def enable(self, bucket: str, enabled: bool) -> None:
        """Turn the events of a bucket on or off, as PutBucketNotificationConfiguration does."""
        if enabled:
            self._enabled.add(bucket)
        else:
            self._enabled.discard(bucket)

    def is_enabled(self, bucket: str) -> bool:
        return bucket in self._enabled

    def sequencer(self) -> str:
        """Return the next number; call it while the key is locked, so that it orders changes."""
        return self._sequencer.next(self._now())

    def publish_created(self, stored: S3Object, sequencer: str, cause: EventCause) -> None:
        """Publish `Object Created`."""
        obj = {"key": stored.name, "size": stored.size, "etag": stored.etag.strip('"')}
        if stored.version_id != "null":
            obj["version-id"] = stored.version_id
        self._publish("Object Created", str(stored.bucket_name), obj, sequencer, cause, {})

    def publish_deleted(
        self, bucket: str, key: str, removal: Removal, sequencer: str, cause: EventCause
    ) -> None:
        """Publish `Object Deleted`, unless there was nothing to delete."""
        if removal.kind is None:
            return
        obj: dict[str, Any] = {"key": key}
        if removal.removed is not None:
            obj["etag"] = removal.removed.etag.strip('"')
        if removal.version_id is not None:
            obj["version-id"] = removal.version_id
        extra = {"deletion-type": removal.kind}
        self._publish("Object Deleted", bucket, obj, sequencer, cause, extra)

    def _publish(
        self,
        detail_type: str,
        bucket: str,
        obj: dict[str, Any],
        sequencer: str,
        cause: EventCause,
        extra: dict[str, str],
    ) -> None:
        if bucket not in self._enabled:
            return
        event = make_event(
            detail_type,
            bucket,
            {**obj, "sequencer": sequencer},
            region=self._region,
            moment=self._now(),
            cause=cause,
            extra=extra,
        )
        try:
            self.deliver(event)
        except Exception:
            log.exception("the event of %s in %s could not be delivered", cause.reason, bucket)


def make_event(
    detail_type: str,
    bucket: str,
    described: Mapping[str, Any],
    *,
    region: str,
    moment: datetime,
    cause: EventCause,
    extra: Mapping[str, str],
) -> Event:
    """Return an S3 event in EventBridge's form; `described` is its member `detail.object`."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": ACCOUNT_ID,
        "time": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": dict(described),
            "request-id": cause.request_id,
            "requester": cause.requester,
            **({"source-ip-address": cause.client_address} if cause.client_address else {}),
            "reason": cause.reason,
            **extra,
        },
    }

"""S3's events as EventBridge carries them, one for each real change.

Source: Amazon S3 User Guide, "EventBridge event message structure". The key is raw there (only
S3's direct notifications encode it) and the entity tag has no quotes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local.s3.store import ACCOUNT_ID, Removal, StoredObject

log = logging.getLogger(__name__)

Event = dict[str, Any]


class Sequencer:
    """Growing numbers of 16 hex digits: 32 bits of seconds, 32 bits of the second's fraction.

    They grow whatever the clock does, so the order of two events of a key is always told.
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
class Cause:
    """What changed something: the request's id, where it came from, S3's name for it, and who.

    S3's own deeds come from no address.
    """

    request_id: str
    client_address: str
    reason: str
    requester: str = ACCOUNT_ID


class Announcer:
    """Builds events and hands them to `deliver`. A change never fails because of its event."""

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
        """What PutBucketNotificationConfiguration says about EventBridge."""
        if enabled:
            self._enabled.add(bucket)
        else:
            self._enabled.discard(bucket)

    def is_enabled(self, bucket: str) -> bool:
        return bucket in self._enabled

    def sequencer(self) -> str:
        """The next number; take it while the key is locked, so that order is the changes' order."""
        return self._sequencer.next(self._now())

    def created(self, stored: StoredObject, sequencer: str, cause: Cause) -> None:
        obj = {"key": stored.name, "size": stored.size, "etag": stored.etag.strip('"')}
        if stored.version_id != "null":
            obj["version-id"] = stored.version_id
        self._announce("Object Created", str(stored.bucket_name), obj, sequencer, cause, {})

    def deleted(
        self, bucket: str, key: str, removal: Removal, sequencer: str, cause: Cause
    ) -> None:
        """Only a change is announced: not the deletion of what was not there."""
        if removal.kind is None:
            return
        obj: dict[str, Any] = {"key": key}
        if removal.gone is not None:
            obj["etag"] = removal.gone.etag.strip('"')
        if removal.version_id is not None:
            obj["version-id"] = removal.version_id
        extra = {"deletion-type": removal.kind}
        self._announce("Object Deleted", bucket, obj, sequencer, cause, extra)

    def _announce(
        self,
        detail_type: str,
        bucket: str,
        obj: dict[str, Any],
        sequencer: str,
        cause: Cause,
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
    cause: Cause,
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

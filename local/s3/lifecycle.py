"""Delete expired objects and abort incomplete multipart uploads by the lifecycle rules.

Only rules with a prefix as filter are applied. Rules by tag or size, transitions, and rules for
older versions are stored and returned, but have no effect here.

Source: Amazon S3 User Guide, "Lifecycle configuration elements".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.s3.models import FakeBucket, LifecycleRule

from local.s3.context import Context
from local.s3.events import EventCause
from local.s3.multipart_uploads import Upload
from local.s3.store import S3Object

REASON = "Lifecycle Expiration"
SERVICE = "s3.amazonaws.com"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class ExpiryRule:
    """After how many days objects and uploads with a prefix are removed; None for never."""

    prefix: str
    expire_days: int | None
    abort_days: int | None


def apply_rules(context: Context) -> int:
    """Delete what has expired on the gate's clock, publish events, and return how much that was."""
    return sum(
        _expire(context, bucket, rule) + _abort(context, bucket, rule)
        for bucket in list(context.store.backend.buckets.values())
        for rule in rules_of(bucket)
    )


def rules_of(bucket: FakeBucket) -> Iterator[ExpiryRule]:
    """Yield the enabled rules of a bucket that have an effect here."""
    for rule in bucket.rules:
        prefix = _prefix_of(rule)
        if rule.status == "Enabled" and prefix is not None:
            yield ExpiryRule(prefix, _days(rule.expiration_days), _days(rule.aimu_days))


def is_due(since: datetime, days: int, now: datetime) -> bool:
    """True after this number of days, rounded up to the next midnight UTC."""
    due = since.astimezone(UTC) + days * DAY
    midnight = due.replace(hour=0, minute=0, second=0, microsecond=0)
    return now >= (due if due == midnight else midnight + DAY)


def _expire(context: Context, bucket: FakeBucket, rule: ExpiryRule) -> int:
    if rule.expire_days is None:
        return 0
    keys = [key for key in list(dict.keys(bucket.keys)) if key.startswith(rule.prefix)]
    return sum(_expire_one(context, bucket.name, key, rule.expire_days) for key in keys)


def _expire_one(context: Context, bucket: str, key: str, days: int) -> bool:
    store = context.store
    with store.locked(bucket, key):
        current = store.current(bucket, key)
        if not isinstance(current, S3Object):
            return False
        if not is_due(current.modified, days, context.now()):
            return False
        removal = store.remove(bucket, key, None)
        sequencer = context.publisher.sequencer()
    cause = EventCause("lifecycle", "", REASON, requester=SERVICE)
    context.publisher.publish_deleted(bucket, key, removal, sequencer, cause)
    return True


def _abort(context: Context, bucket: FakeBucket, rule: ExpiryRule) -> int:
    if rule.abort_days is None:
        return 0
    due = [
        one
        for one in list(bucket.multiparts.values())
        if isinstance(one, Upload)
        and one.key_name.startswith(rule.prefix)
        and is_due(one.initiated, rule.abort_days, context.now())
    ]
    return sum(_abort_one(bucket, one) for one in due)


def _abort_one(bucket: FakeBucket, upload: Upload) -> bool:
    with upload.lock:
        if upload.id not in bucket.multiparts:
            return False  # another request completed or aborted it
        del bucket.multiparts[upload.id]
        return True


def _prefix_of(rule: LifecycleRule) -> str | None:
    """Return the rule's prefix, or None if its filter has more than a prefix."""
    if rule.filter is None:
        return rule.prefix
    return rule.filter.prefix if rule.filter.tag_key is None else None


def _days(text: str | None) -> int | None:
    return int(text) if text else None

"""Lifecycle rules carried out: objects expire, uploads that nobody completes are given up.

Only rules that choose by prefix are: those by tag or size, transitions, and what is about older
versions are kept and shown, and do nothing here.

Source: Amazon S3 User Guide, "Lifecycle configuration elements".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.s3.models import FakeBucket, LifecycleRule

from local.s3.context import Context
from local.s3.events import Cause
from local.s3.multipart_uploads import Upload
from local.s3.store import StoredObject

REASON = "Lifecycle Expiration"
SERVICE = "s3.amazonaws.com"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """What is done with keys that begin so, and after how many days; None for never."""

    prefix: str
    expire_days: int | None
    abort_days: int | None


def carry_out(context: Context) -> int:
    """Deletes what has expired by the gate's clock, and says so; answers how much it was."""
    return sum(
        _expire(context, bucket, rule) + _abort(context, bucket, rule)
        for bucket in list(context.store.backend.buckets.values())
        for rule in rules_of(bucket)
    )


def rules_of(bucket: FakeBucket) -> Iterator[Rule]:
    """The enabled rules of a bucket that are carried out."""
    for rule in bucket.rules:
        prefix = _prefix_of(rule)
        if rule.status == "Enabled" and prefix is not None:
            yield Rule(prefix, _days(rule.expiration_days), _days(rule.aimu_days))


def is_due(since: datetime, days: int, now: datetime) -> bool:
    """Whether so many days have passed, and the midnight (UTC) after them, too."""
    due = since.astimezone(UTC) + days * DAY
    midnight = due.replace(hour=0, minute=0, second=0, microsecond=0)
    return now >= (due if due == midnight else midnight + DAY)


def _expire(context: Context, bucket: FakeBucket, rule: Rule) -> int:
    if rule.expire_days is None:
        return 0
    keys = [key for key in list(dict.keys(bucket.keys)) if key.startswith(rule.prefix)]
    return sum(_expire_one(context, bucket.name, key, rule.expire_days) for key in keys)


def _expire_one(context: Context, bucket: str, key: str, days: int) -> bool:
    store = context.store
    with store.locked(bucket, key):
        current = store.current(bucket, key)
        if not isinstance(current, StoredObject):
            return False
        if not is_due(current.modified, days, context.now()):
            return False
        removal = store.remove(bucket, key, None)
        sequencer = context.announcer.sequencer()
    cause = Cause("lifecycle", "", REASON, requester=SERVICE)
    context.announcer.deleted(bucket, key, removal, sequencer, cause)
    return True


def _abort(context: Context, bucket: FakeBucket, rule: Rule) -> int:
    if rule.abort_days is None:
        return 0
    late = [
        one
        for one in list(bucket.multiparts.values())
        if isinstance(one, Upload)
        and one.key_name.startswith(rule.prefix)
        and is_due(one.initiated, rule.abort_days, context.now())
    ]
    return sum(_abort_one(bucket, one) for one in late)


def _abort_one(bucket: FakeBucket, upload: Upload) -> bool:
    with upload.lock:
        if upload.id not in bucket.multiparts:
            return False  # completed or aborted meanwhile
        del bucket.multiparts[upload.id]
        return True


def _prefix_of(rule: LifecycleRule) -> str | None:
    """The prefix, which is empty for every key; None where more than a prefix is asked for."""
    if rule.filter is None:
        return rule.prefix
    return rule.filter.prefix if rule.filter.tag_key is None else None


def _days(text: str | None) -> int | None:
    return int(text) if text else None

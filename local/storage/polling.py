"""Poll the buckets of an external store, and deliver an event for each change.

Every S3 can list objects, but notifications differ: Ceph sends its own format over HTTP, MinIO
needs a configuration of the server, and AWS cannot reach this machine. Objects that exist when the
stack starts are reported as created. An object that is created and deleted between two listings is
not seen, and of two changes only the last one. As with events of S3, a handler must check the
current state of the object.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from local.eventbridge.bus import DEFAULT_BUS
from local.eventbridge.patterns import matches
from local.resources import Rule
from local.s3.events import Event, EventCause, Sequencer, make_event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

POLL_INTERVAL_SECONDS = 1.0
MAX_LISTING_SHARE = 0.1
"""The largest share of time spent on listing, so that a large bucket is listed less often."""


class ListedObject(NamedTuple):
    """An object in a listing; it differs after the object was replaced."""

    etag: str
    modified: datetime
    size_bytes: int


class BucketPoller:
    """Lists the prefixes of one bucket that rules need. `run_once` makes one listing."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefixes: Sequence[str],
        region: str,
        now: Callable[[], datetime],
        deliver: Callable[[Event], None],
        *,
        pause_seconds: float = 0.0,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefixes = prefixes
        self._region = region
        self._now = now
        self._deliver = deliver
        self._pause_seconds = pause_seconds
        self._sequencer = Sequencer()
        self._known: dict[str, ListedObject] = {}
        self._next = 0.0
        self.name = f"listing of {bucket}"

    def reset(self) -> None:
        """Report all objects as created again."""
        self._known.clear()
        self._next = 0.0

    def next_due_ms(self) -> float | None:
        """Return None: every `run_once` can find a change."""
        return None

    def run_once(self) -> bool:
        """List the bucket and deliver an event for each change.

        Return False if nothing changed, or if the interval is not over.
        """
        started = time.monotonic()
        if started < self._next:
            return False
        found = dict(self._list())
        took = time.monotonic() - started
        if self._pause_seconds:
            self._next = started + took + max(self._pause_seconds, took / MAX_LISTING_SHARE)
        changed = [item for item in found.items() if self._known.get(item[0]) != item[1]]
        deleted = self._known.keys() - found.keys()
        for key, one in sorted(changed, key=lambda item: item[1].modified):
            described = {"key": key, "size": one.size_bytes, "etag": one.etag}
            self._publish("Object Created", described, {})
        for key in sorted(deleted):
            self._publish("Object Deleted", {"key": key}, {"deletion-type": "Permanently Deleted"})
        self._known = found
        return bool(changed or deleted)

    def _list(self) -> Iterator[tuple[str, ListedObject]]:
        pages = self._client.get_paginator("list_objects_v2")
        for prefix in self._prefixes:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for one in page.get("Contents", ()):
                    etag = one["ETag"].strip('"')
                    yield one["Key"], ListedObject(etag, one["LastModified"], one["Size"])

    def _publish(self, kind: str, described: Mapping[str, Any], extra: Mapping[str, str]) -> None:
        moment = self._now()
        reason = "PutObject" if kind == "Object Created" else "DeleteObject"
        event = make_event(
            kind,
            self._bucket,
            {**described, "sequencer": self._sequencer.next(moment)},
            region=self._region,
            moment=moment,
            cause=EventCause(uuid.uuid4().hex[:16].upper(), "127.0.0.1", reason),
            extra=extra,
        )
        self._deliver(event)


def prefixes_in_rules(rules: Sequence[Rule], bucket: str) -> tuple[str, ...]:
    """Return the key prefixes for which a rule matches events of the bucket; "" for all keys."""
    prefixes = {
        prefix
        for rule in rules
        if rule.enabled and rule.bus == DEFAULT_BUS
        for prefix in _prefixes_of(rule.pattern, bucket)
    }
    # Objects under a prefix that is part of another prefix would be reported twice.
    return tuple(
        sorted(
            one
            for one in prefixes
            if not any(one != other and one.startswith(other) for other in prefixes)
        )
    )


def _prefixes_of(pattern: Mapping[str, Any], bucket: str) -> Iterator[str]:
    detail = pattern.get("detail", {})
    conditions = {
        name: condition
        for name, condition in (("source", pattern.get("source")), ("bucket", detail.get("bucket")))
        if condition is not None
    }
    if not matches(conditions, {"source": "aws.s3", "bucket": {"name": bucket}}):
        return
    for condition in detail.get("object", {}).get("key", [""]):
        yield condition if isinstance(condition, str) else condition.get("prefix", "")

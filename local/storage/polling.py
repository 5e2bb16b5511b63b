"""Events of a store that sends none: its buckets are listed, and what changed is told.

Listing is the one thing that every S3 does alike; notifications aren't (Ceph pushes its own shape
over HTTP, MinIO wants a server's configuration, AWS can't reach this machine). What is there when
the stack starts is new to it. What came and went between two listings is never seen, nor is the
first of two changes: as with S3's own events, a handler looks at what is there.
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
from local.s3.events import Cause, Event, Sequencer, make_event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LISTING_SECONDS = 1.0
LISTING_SHARE = 0.1
"""How much of its time a watch spends on listing at most: a large bucket is listed less often."""


class ListedObject(NamedTuple):
    """What a listing says of an object; other bytes under its key differ in this."""

    etag: str
    modified: datetime
    size_bytes: int


class BucketPoller:
    """Lists the prefixes of one bucket that rules wait for. `step` makes one listing."""

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
        """Everything that is there is new again."""
        self._known.clear()
        self._next = 0.0

    def next_due_ms(self) -> float | None:
        """None: nothing is planned, every step looks."""
        return None

    def run_once(self) -> bool:
        """Lists and tells what changed; False when nothing did, or it is too early to look."""
        started = time.monotonic()
        if started < self._next:
            return False
        found = dict(self._list())
        took = time.monotonic() - started
        if self._pause_seconds:
            self._next = started + took + max(self._pause_seconds, took / LISTING_SHARE)
        changed = [item for item in found.items() if self._known.get(item[0]) != item[1]]
        gone = self._known.keys() - found.keys()
        for key, one in sorted(changed, key=lambda item: item[1].modified):
            self._tell("Object Created", {"key": key, "size": one.size_bytes, "etag": one.etag}, {})
        for key in sorted(gone):
            self._tell("Object Deleted", {"key": key}, {"deletion-type": "Permanently Deleted"})
        self._known = found
        return bool(changed or gone)

    def _list(self) -> Iterator[tuple[str, ListedObject]]:
        pages = self._client.get_paginator("list_objects_v2")
        for prefix in self._prefixes:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for one in page.get("Contents", ()):
                    etag = one["ETag"].strip('"')
                    yield one["Key"], ListedObject(etag, one["LastModified"], one["Size"])

    def _tell(self, what: str, stored: Mapping[str, Any], more: Mapping[str, str]) -> None:
        moment = self._now()
        reason = "PutObject" if what == "Object Created" else "DeleteObject"
        event = make_event(
            what,
            self._bucket,
            {**stored, "sequencer": self._sequencer.next(moment)},
            region=self._region,
            moment=moment,
            cause=Cause(uuid.uuid4().hex[:16].upper(), "127.0.0.1", reason),
            more=more,
        )
        self._deliver(event)


def prefixes_in_rules(rules: Sequence[Rule], bucket: str) -> tuple[str, ...]:
    """The prefixes of a bucket whose objects some rule waits for; "" for all of it."""
    prefixes = {
        prefix
        for rule in rules
        if rule.enabled and rule.bus == DEFAULT_BUS
        for prefix in _prefixes_of(rule.pattern, bucket)
    }
    # A prefix within another would be listed, and told, twice.
    return tuple(
        sorted(
            one
            for one in prefixes
            if not any(one != other and one.startswith(other) for other in prefixes)
        )
    )


def _prefixes_of(pattern: Mapping[str, Any], bucket: str) -> Iterator[str]:
    detail = pattern.get("detail", {})
    whose = {
        name: condition
        for name, condition in (("source", pattern.get("source")), ("bucket", detail.get("bucket")))
        if condition is not None
    }
    if not matches(whose, {"source": "aws.s3", "bucket": {"name": bucket}}):
        return
    for wanted in detail.get("object", {}).get("key", [""]):
        if isinstance(wanted, str):
            yield wanted
        else:
            yield wanted.get("prefix", "")

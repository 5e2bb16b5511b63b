"""Large files are queued and copied in parts, also after kills, repeats and parallel runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

import pytest

from coffer.domain.errors import RecordChangedError
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.completion import SOURCE_REPLACED, PromotionOutcome
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import (
    MAX_CONCURRENT_PARTS,
    MAX_COPY_BYTES,
    MIN_TIME_TO_COPY,
    MIN_TIME_TO_HASH,
    LargeFiles,
    MultipartLargeFiles,
    QueuedLargeFiles,
    part_ranges,
)
from coffer.domain.uploads.ports import MultipartCopies, Uploads
from coffer.domain.uploads.promotion import Promotion
from coffer.domain.uploads.record import HashStatus, ObjectUpload, UploadStatus
from tests.fakes import (
    FrozenClock,
    InMemoryMultipartCopies,
    InMemoryObjects,
    InMemoryQueue,
    InMemoryUploads,
    KilledError,
    kill_at_call,
    with_hooks,
)
from tests.fakes.files import ELF, PNG
from tests.fakes.hooks import once
from tests.fakes.objects import crc32_of, sha1_of
from tests.fakes.records import FILE

KEY, FINAL = f"incoming/aafc/{FILE}", f"objects/aafc/{FILE}.png"
GRANT = UploadGrant(
    bucket="aafc",
    created_by="alice",
    original_filename="leaf.png",
    received_media_type="image/png",
)
PART = 100_000
BODY = PNG + bytes(20 * PART)
PARTS = len(BODY) // PART + 1
OTHER = BODY + b"x"
ENOUGH_TIME = timedelta(minutes=15)
MAX_CALLS = 40
STORES = [(True, True), (True, False), (False, True), (False, False)]
"""Stores with and without conditions on copies, and with and without checksums."""


class HugeObjects(InMemoryObjects):
    """A store that reports `size_bytes` for every object."""

    size_bytes = 0

    def describe(self, key: str) -> StoredObject:
        return replace(super().describe(key), size_bytes=self.size_bytes)


class World:
    """The dependencies of promotion in memory, with a copy limit of 1,000 bytes."""

    def __init__(self, *, copy_conditions: bool = True, checksums: bool = True) -> None:
        self.clock = FrozenClock()
        self.copy_conditions = copy_conditions
        self.stream_hash_limit_bytes = 10_000_000
        self.uploads = InMemoryUploads()
        self.objects = InMemoryObjects(
            self.clock, copy_conditions=copy_conditions, checksums=checksums
        )
        self.copies = InMemoryMultipartCopies(self.objects)
        self.queue = InMemoryQueue()

    def arrive(self, body: bytes = BODY) -> None:
        """Upload a large file to `incoming/`."""
        self.objects.arrive(KEY, body, {METADATA_NAME: GRANT.encode()})

    def process_event(self) -> PromotionOutcome:
        """Process the event as process_upload does."""
        return self._promotion(QueuedLargeFiles(queue=self.queue)).process(KEY)

    def promote(
        self,
        *times: timedelta,
        uploads: Uploads | None = None,
        objects: Objects | None = None,
        copies: MultipartCopies | None = None,
    ) -> PromotionOutcome:
        """Promote as promote_large_upload does, with `times` left at its successive checks."""
        left: Iterator[timedelta] = chain(times, repeat(times[-1] if times else ENOUGH_TIME))
        large_files = MultipartLargeFiles(
            uploads=uploads or self.uploads,
            copies=copies or self.copies,
            queue=self.queue,
            remaining=lambda: next(left),
            part_bytes=PART,
        )
        return self._promotion(large_files, uploads, objects).process(KEY)

    def _promotion(
        self,
        large_files: LargeFiles,
        uploads: Uploads | None = None,
        objects: Objects | None = None,
    ) -> Promotion:
        return Promotion(
            uploads=uploads or self.uploads,
            objects=objects or self.objects,
            clock=self.clock,
            max_bytes=100_000_000,
            stream_hash_limit_bytes=self.stream_hash_limit_bytes,
            large_files=large_files,
            max_copy_bytes=1000,
            copy_conditions=self.copy_conditions,
        )

    @property
    def record(self) -> ObjectUpload:
        [record] = self.uploads.records.values()
        return record


@pytest.fixture
def world() -> World:
    world = World()
    world.arrive()
    return world


def assert_available(world: World) -> None:
    record = world.record
    assert record.status is UploadStatus.AVAILABLE
    assert (record.version, record.copy_identifier) == (1, None)
    assert record.content.sha1_hex == sha1_of(BODY)
    assert record.content.crc32 == crc32_of(BODY)
    assert world.objects.keys == [record.object_key]
    assert world.objects.body(str(record.object_key)) == BODY
    assert world.copies.uploads == {}


@pytest.mark.parametrize(
    ("size_bytes", "outcome"),
    [(MAX_COPY_BYTES, PromotionOutcome.AVAILABLE), (MAX_COPY_BYTES + 1, PromotionOutcome.MOVING)],
)
def test_a_file_over_the_copy_limit_is_queued(size_bytes: int, outcome: PromotionOutcome) -> None:
    world, objects = World(), HugeObjects(FrozenClock())
    objects.size_bytes = size_bytes
    objects.arrive(KEY, PNG, {METADATA_NAME: GRANT.encode()})
    promotion = Promotion(
        uploads=world.uploads,
        objects=objects,
        clock=world.clock,
        max_bytes=50 * 1024**3,
        stream_hash_limit_bytes=0,
        large_files=QueuedLargeFiles(queue=world.queue),
    )
    assert promotion.process(KEY) is outcome
    handed_on = [(one.key, one.size_bytes) for one in world.queue.enqueued]
    assert handed_on == ([(KEY, size_bytes)] if outcome is PromotionOutcome.MOVING else [])


def test_a_file_over_the_size_limit_is_rejected_unread_and_removed() -> None:
    world, objects = World(), HugeObjects(FrozenClock())
    objects.size_bytes = MAX_COPY_BYTES + 1
    objects.arrive(KEY, PNG, {METADATA_NAME: GRANT.encode()})
    promotion = Promotion(
        uploads=world.uploads,
        objects=objects,
        clock=world.clock,
        max_bytes=MAX_COPY_BYTES,
        stream_hash_limit_bytes=0,
        large_files=QueuedLargeFiles(queue=world.queue),
    )
    assert promotion.process(KEY) is PromotionOutcome.REJECTED
    rejection = world.record.rejection
    assert rejection is not None
    assert rejection.code == "file_too_large"
    assert rejection.detail == ("The file has 5368709121 bytes; at most 5368709120 are allowed.")
    assert (objects.bytes_read, objects.keys, world.queue.enqueued) == (0, [], [])


def test_a_large_file_is_inspected_before_it_is_queued(world: World) -> None:
    assert world.process_event() is PromotionOutcome.MOVING
    record = world.record
    assert (record.status, record.version) == (UploadStatus.PROCESSING, 0)
    assert (record.object_key, record.content.size_in_bytes) == (FINAL, len(BODY))
    assert world.objects.keys == [KEY]
    assert world.copies.copied == 0


def test_a_forbidden_large_file_is_not_queued() -> None:
    world = World()
    world.arrive(ELF + bytes(5000))
    assert world.process_event() is PromotionOutcome.REJECTED
    assert (world.queue.enqueued, world.objects.keys) == ([], [])


@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
def test_a_large_file_is_copied_in_parts_and_read_once(
    copy_conditions: bool, checksums: bool
) -> None:
    world = World(copy_conditions=copy_conditions, checksums=checksums)
    world.arrive()
    world.process_event()
    head = world.objects.bytes_read
    assert world.promote() is PromotionOutcome.AVAILABLE
    assert_available(world)
    assert world.copies.copied == PARTS
    assert world.objects.bytes_read == head + len(BODY)
    assert world.queue.enqueued[1:] == []


def test_a_file_over_the_hash_limit_has_no_sha1(world: World) -> None:
    world.stream_hash_limit_bytes = len(BODY) - 1
    world.process_event()
    head = world.objects.bytes_read
    assert world.promote() is PromotionOutcome.AVAILABLE
    found = world.record.content
    assert (found.sha1_hex, found.hash_status) == (None, HashStatus.UNAVAILABLE)
    assert found.crc32 == crc32_of(BODY)
    assert world.objects.bytes_read == head


def test_the_next_run_copies_the_missing_parts(
    world: World,
) -> None:
    world.process_event()
    assert (
        world.promote(ENOUGH_TIME, MIN_TIME_TO_COPY - timedelta(seconds=1))
        is PromotionOutcome.MOVING
    )
    assert world.copies.copied == MAX_CONCURRENT_PARTS
    assert [one.key for one in world.queue.enqueued] == [KEY, KEY]
    assert world.promote() is PromotionOutcome.AVAILABLE
    assert world.copies.copied == PARTS
    assert_available(world)


def test_the_next_run_hashes_the_file_if_time_runs_out(world: World) -> None:
    world.process_event()
    assert world.promote(MIN_TIME_TO_HASH - timedelta(seconds=1)) is PromotionOutcome.MOVING
    assert world.copies.copied == PARTS
    assert world.record.status is UploadStatus.PROCESSING
    assert world.promote(timedelta(0)) is PromotionOutcome.AVAILABLE
    assert_available(world)


def test_expired_parts_are_copied_again(world: World) -> None:
    world.process_event()
    world.promote(ENOUGH_TIME, timedelta(0))
    world.copies.uploads.clear()
    assert world.promote() is PromotionOutcome.MOVING
    assert world.record.copy_identifier is None
    assert len(world.queue.enqueued) == 3
    assert world.promote() is PromotionOutcome.AVAILABLE
    assert_available(world)


@pytest.mark.parametrize("method", ["create", "copy_parts", "complete"])
def test_parts_of_replaced_bytes_are_not_mixed(world: World, method: str) -> None:
    world.process_event()
    copies = with_hooks(world.copies, before=once(method, lambda: world.arrive(OTHER)))
    outcome = world.promote(copies=copies)
    if method == "complete":  # all parts are copies of the claimed bytes
        assert outcome is PromotionOutcome.AVAILABLE
        assert world.objects.body(FINAL) == BODY
    else:
        assert outcome is PromotionOutcome.REJECTED
        assert world.record.rejection == SOURCE_REPLACED
    assert world.process_event() is PromotionOutcome.REPLAY
    assert world.objects.keys == ([FINAL] if method == "complete" else [])
    assert world.copies.uploads == {}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
def test_killed_at_any_call_and_run_again_the_end_is_the_same(
    moment: str, copy_conditions: bool, checksums: bool
) -> None:
    for call in range(MAX_CALLS):
        world = World(copy_conditions=copy_conditions, checksums=checksums)
        world.arrive()
        world.process_event()
        kill: dict[str, Any] = {moment: kill_at_call(call)}
        try:
            world.promote(
                uploads=with_hooks(world.uploads, **kill),
                objects=with_hooks(world.objects, **kill),
                copies=with_hooks(world.copies, **kill),
            )
            ended = True
        except KilledError:
            ended = False
        world.promote()
        # Begun but not yet written down: the store throws it away after seven days.
        world.copies.uploads.clear()
        assert_available(world)
        if ended:
            break
    assert ended
    assert call >= 10


class AnotherRun:
    """At the `call`-th call (from 0), another run promotes the file."""

    def __init__(self, world: World, call: int) -> None:
        self._world = world
        self._calls_left = call
        self.came = False

    def happen(self, _method: str) -> None:
        self._calls_left -= 1
        if self._calls_left < 0 and not self.came:
            self.came = True
            self._world.promote()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_two_parallel_runs_end_like_one(moment: str) -> None:
    for call in range(MAX_CALLS):
        world = World()
        world.arrive()
        world.process_event()
        other = AnotherRun(world, call)
        happening: dict[str, Any] = {moment: other.happen}
        with suppress(RecordChangedError):  # the message of the slower one is delivered again
            world.promote(
                uploads=with_hooks(world.uploads, **happening),
                objects=with_hooks(world.objects, **happening),
                copies=with_hooks(world.copies, **happening),
            )
        world.promote()
        assert_available(world)
        if not other.came:
            break
    assert not other.came
    assert call >= 10


def test_two_events_queue_a_large_file_twice_and_copy_it_once(world: World) -> None:
    assert [world.process_event(), world.process_event()] == [
        PromotionOutcome.MOVING,
        PromotionOutcome.MOVING,
    ]
    assert [world.promote(), world.promote()] == [PromotionOutcome.AVAILABLE, PromotionOutcome.GONE]
    assert_available(world)


def test_an_unfinished_large_file_is_queued_again(world: World) -> None:
    world.process_event()
    world.promote(ENOUGH_TIME, timedelta(0))
    assert world.process_event() is PromotionOutcome.MOVING
    assert [one.key for one in world.queue.enqueued] == [KEY] * 3
    assert world.promote() is PromotionOutcome.AVAILABLE
    assert_available(world)


@pytest.mark.parametrize(
    ("size", "count"), [(6 * 10**9, 12), (50 * 10**9, 94), (5 * 1024**4, 10_000)]
)
def test_a_file_of_any_size_is_copied_in_at_most_10_000_parts(size: int, count: int) -> None:
    ranges = part_ranges(size)
    assert len(ranges) == count
    assert [part.number for part in ranges] == list(range(1, count + 1))
    assert sum(part.length for part in ranges) == size
    assert all(part.length <= MAX_COPY_BYTES for part in ranges)

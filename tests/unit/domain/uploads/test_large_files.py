"""Large files: what is too large for one copy is handed on, copied in parts and settled, whoever
is cut off, killed, repeated or beside another; the end is that of any other file."""

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
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import (
    MAX_CONCURRENT_PARTS,
    MAX_COPY_BYTES,
    MIN_TIME_TO_COPY,
    MIN_TIME_TO_HASH,
    LargeFiles,
    MultipartLargeFiles,
    QueuedLargeFiles,
)
from coffer.domain.uploads.ports import MultipartCopies, Uploads
from coffer.domain.uploads.promotion import SOURCE_REPLACED, Promotion, PromotionOutcome
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
PLENTY = timedelta(minutes=15)
MAX_CALLS = 40
STORES = [(True, True), (True, False), (False, True), (False, False)]
"""Whether the store honours conditions on copies, and whether it computes checksums."""


class HugeObjects(InMemoryObjects):
    """A store that says of every object that it has so many bytes."""

    size_bytes = 0

    def describe(self, key: str) -> StoredObject:
        return replace(super().describe(key), size_bytes=self.size_bytes)


class World:
    """Everything that the promotion of a large file touches; one copy takes 1,000 bytes here."""

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
        """Somebody puts a large file below `incoming/`."""
        self.objects.arrive(KEY, body, {METADATA_NAME: GRANT.encode()})

    def hear(self) -> PromotionOutcome:
        """What process_upload does."""
        return self._promotion(QueuedLargeFiles(queue=self.queue)).process(KEY)

    def work(
        self,
        *times: timedelta,
        uploads: Uploads | None = None,
        objects: Objects | None = None,
        copies: MultipartCopies | None = None,
    ) -> PromotionOutcome:
        """What promote_large_upload does, having `times` left each time that it looks."""
        left: Iterator[timedelta] = chain(times, repeat(times[-1] if times else PLENTY))
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

    def resume(self) -> PromotionOutcome:
        """What keep_house does with a record that was left half-way."""
        return self._promotion(QueuedLargeFiles(queue=self.queue)).resume(self.record)

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


# ---------------------------------------------------------------- handing on


@pytest.mark.parametrize(
    ("size_bytes", "outcome"),
    [(MAX_COPY_BYTES, PromotionOutcome.AVAILABLE), (MAX_COPY_BYTES + 1, PromotionOutcome.MOVING)],
)
def test_what_s3_does_not_copy_in_one_call_is_handed_on(
    size_bytes: int, outcome: PromotionOutcome
) -> None:
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


def test_what_is_larger_than_is_taken_is_refused_unread_and_removed() -> None:
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
    assert rejection.detail == ("The file has 5368709121 bytes; at most 5368709120 are taken.")
    assert (objects.bytes_read, objects.keys, world.queue.enqueued) == (0, [], [])


def test_a_large_file_is_looked_into_before_it_is_handed_on(world: World) -> None:
    assert world.hear() is PromotionOutcome.MOVING
    record = world.record
    assert (record.status, record.version) == (UploadStatus.PROCESSING, 0)
    assert (record.object_key, record.content.size_in_bytes) == (FINAL, len(BODY))
    assert world.objects.keys == [KEY]
    assert world.copies.copied == 0


def test_a_large_file_that_may_not_stay_is_handed_on_to_nobody() -> None:
    world = World()
    world.arrive(ELF + bytes(5000))
    assert world.hear() is PromotionOutcome.REJECTED
    assert (world.queue.enqueued, world.objects.keys) == ([], [])


# ---------------------------------------------------------------- copying


@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
def test_a_large_file_is_copied_in_parts_and_read_once(
    copy_conditions: bool, checksums: bool
) -> None:
    world = World(copy_conditions=copy_conditions, checksums=checksums)
    world.arrive()
    world.hear()
    head = world.objects.bytes_read
    assert world.work() is PromotionOutcome.AVAILABLE
    assert_available(world)
    assert world.copies.copied == PARTS
    assert world.objects.bytes_read == head + len(BODY)
    assert world.queue.enqueued[1:] == []


def test_of_more_bytes_than_may_be_read_no_sha1_is_known(world: World) -> None:
    world.stream_hash_limit_bytes = len(BODY) - 1
    world.hear()
    head = world.objects.bytes_read
    assert world.work() is PromotionOutcome.AVAILABLE
    found = world.record.content
    assert (found.sha1_hex, found.hash_status) == (None, HashStatus.UNAVAILABLE)
    assert found.crc32 == crc32_of(BODY)
    assert world.objects.bytes_read == head


def test_without_time_for_more_parts_the_next_run_goes_on_with_those_that_are_missing(
    world: World,
) -> None:
    world.hear()
    assert world.work(PLENTY, MIN_TIME_TO_COPY - timedelta(seconds=1)) is PromotionOutcome.MOVING
    assert world.copies.copied == MAX_CONCURRENT_PARTS
    assert [one.key for one in world.queue.enqueued] == [KEY, KEY]
    assert world.work() is PromotionOutcome.AVAILABLE
    assert world.copies.copied == PARTS
    assert_available(world)


def test_without_time_for_the_hash_the_next_run_ends_it(world: World) -> None:
    world.hear()
    assert world.work(MIN_TIME_TO_HASH - timedelta(seconds=1)) is PromotionOutcome.MOVING
    assert world.copies.copied == PARTS
    assert world.record.status is UploadStatus.PROCESSING
    assert world.work(timedelta(0)) is PromotionOutcome.AVAILABLE
    assert_available(world)


def test_parts_that_were_thrown_away_for_their_age_are_made_again(world: World) -> None:
    world.hear()
    world.work(PLENTY, timedelta(0))
    world.copies.uploads.clear()
    assert world.work() is PromotionOutcome.MOVING
    assert world.record.copy_identifier is None
    assert len(world.queue.enqueued) == 3
    assert world.work() is PromotionOutcome.AVAILABLE
    assert_available(world)


@pytest.mark.parametrize("method", ["create", "copy_parts", "complete"])
def test_other_bytes_that_come_in_between_are_not_mixed_in(world: World, method: str) -> None:
    world.hear()
    copies = with_hooks(world.copies, before=once(method, lambda: world.arrive(OTHER)))
    outcome = world.work(copies=copies)
    if method == "complete":  # all parts are copies of the claimed bytes
        assert outcome is PromotionOutcome.AVAILABLE
        assert world.objects.body(FINAL) == BODY
    else:
        assert outcome is PromotionOutcome.REJECTED
        assert world.record.rejection == SOURCE_REPLACED
    assert world.hear() is PromotionOutcome.REPLAY
    assert world.objects.keys == ([FINAL] if method == "complete" else [])
    assert world.copies.uploads == {}


# ---------------------------------------------------------------- killed, repeated, beside others


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
def test_killed_at_any_call_and_run_again_the_end_is_the_same(
    moment: str, copy_conditions: bool, checksums: bool
) -> None:
    for call in range(MAX_CALLS):
        world = World(copy_conditions=copy_conditions, checksums=checksums)
        world.arrive()
        world.hear()
        kill: dict[str, Any] = {moment: kill_at_call(call)}
        try:
            world.work(
                uploads=with_hooks(world.uploads, **kill),
                objects=with_hooks(world.objects, **kill),
                copies=with_hooks(world.copies, **kill),
            )
            ended = True
        except KilledError:
            ended = False
        world.work()
        # Begun but not yet written down: the store throws it away after seven days.
        world.copies.uploads.clear()
        assert_available(world)
        if ended:
            break
    assert ended
    assert call >= 10


class AnotherRun:
    """At the `call`-th call (from 0), another run does all that there is to do."""

    def __init__(self, world: World, call: int) -> None:
        self._world = world
        self._calls_left = call
        self.came = False

    def happen(self, _method: str) -> None:
        self._calls_left -= 1
        if self._calls_left < 0 and not self.came:
            self.came = True
            self._world.work()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_two_runs_at_once_end_as_one(moment: str) -> None:
    for call in range(MAX_CALLS):
        world = World()
        world.arrive()
        world.hear()
        other = AnotherRun(world, call)
        happening: dict[str, Any] = {moment: other.happen}
        with suppress(RecordChangedError):  # the message of the slower one is delivered again
            world.work(
                uploads=with_hooks(world.uploads, **happening),
                objects=with_hooks(world.objects, **happening),
                copies=with_hooks(world.copies, **happening),
            )
        world.work()
        assert_available(world)
        if not other.came:
            break
    assert not other.came
    assert call >= 10


def test_heard_of_twice_it_is_handed_on_twice_and_moved_once(world: World) -> None:
    assert [world.hear(), world.hear()] == [PromotionOutcome.MOVING, PromotionOutcome.MOVING]
    assert [world.work(), world.work()] == [PromotionOutcome.AVAILABLE, PromotionOutcome.GONE]
    assert_available(world)


def test_what_was_left_half_way_is_handed_on_once_more(world: World) -> None:
    world.hear()
    world.work(PLENTY, timedelta(0))
    assert world.resume() is PromotionOutcome.MOVING
    assert [one.key for one in world.queue.enqueued] == [KEY] * 3
    assert world.work() is PromotionOutcome.AVAILABLE
    assert_available(world)

"""Promotion: claims, inspection, copies and rejections, also after kills and replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.errors import RecordChangedError
from coffer.domain.media_types import DcType
from coffer.domain.objects import Objects
from coffer.domain.uploads.completion import SOURCE_REPLACED, PromotionOutcome
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import QueuedLargeFiles
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.promotion import Promotion
from coffer.domain.uploads.record import (
    Awaiting,
    HashStatus,
    ObjectUpload,
    Rejection,
    ThumbnailStatus,
    UploadStatus,
)
from tests.fakes import (
    FrozenClock,
    InMemoryObjects,
    InMemoryQueue,
    InMemoryUploads,
    KilledError,
    kill_at_call,
    with_hooks,
)
from tests.fakes.files import ELF, OTHER_PNG, PNG, TEXT
from tests.fakes.hooks import once
from tests.fakes.objects import crc32_of, etag_of, sha1_of
from tests.fakes.records import FILE, content, upload

KEY = f"incoming/aafc/{FILE}"
FINAL = f"objects/aafc/{FILE}.png"
GRANT = UploadGrant(
    bucket="aafc",
    created_by="alice",
    original_filename="leaf.png",
    received_media_type="image/png",
)
STORES = [(True, True), (True, False), (False, True), (False, False)]
"""Stores with and without conditions on copies, and with and without checksums."""


class World:
    """The dependencies of promotion, in memory."""

    def __init__(self, *, copy_conditions: bool = True, checksums: bool = True) -> None:
        self.clock = FrozenClock()
        self.copy_conditions = copy_conditions
        self.stream_hash_limit_bytes = 1_000_000
        self.uploads = InMemoryUploads()
        self.objects = InMemoryObjects(
            self.clock, copy_conditions=copy_conditions, checksums=checksums
        )

    def arrive(self, body: bytes = PNG, grant: UploadGrant = GRANT, **checksums: str) -> None:
        """Post the form."""
        self.objects.arrive(KEY, body, {METADATA_NAME: grant.encode()}, **checksums)

    def promotion(
        self, uploads: Uploads | None = None, objects: Objects | None = None
    ) -> Promotion:
        return Promotion(
            uploads=uploads or self.uploads,
            objects=objects or self.objects,
            clock=self.clock,
            max_bytes=100_000,
            stream_hash_limit_bytes=self.stream_hash_limit_bytes,
            large_files=QueuedLargeFiles(queue=InMemoryQueue()),
            copy_conditions=self.copy_conditions,
        )

    def process(self, key: str = KEY) -> PromotionOutcome:
        return self.promotion().process(key)

    @property
    def record(self) -> ObjectUpload:
        [record] = self.uploads.records.values()
        return record

    @property
    def final(self) -> str:
        """Return the final key of the PNG in this store."""
        return FINAL if self.copy_conditions else FINAL.replace(FILE, f"{FILE}-{etag_of(PNG)}")

    def set_record(self, **changes: Any) -> None:
        """Write the record as another run of the same claim would."""
        current = self.record
        self.uploads.replace(current, replace(current, **changes))


@pytest.fixture
def world() -> World:
    return World()


def assert_available(world: World, body: bytes = PNG) -> None:
    """Check that there is one AVAILABLE record, one object, and nothing else."""
    record = world.record
    assert record.status is UploadStatus.AVAILABLE
    assert record.version == 1
    assert record.content.sha1_hex == sha1_of(body)
    assert world.objects.keys == [record.object_key]
    assert world.objects.body(str(record.object_key)) == body


def assert_rejected(world: World, rejection: Rejection = SOURCE_REPLACED) -> None:
    """Check that there is one REJECTED record with the reason, and no object."""
    assert world.record.status is UploadStatus.REJECTED
    assert world.record.rejection == rejection
    assert world.record.version == 1
    assert world.objects.keys == []


def test_a_file_keeps_the_folder_of_its_grant() -> None:
    world = World()
    world.arrive(grant=replace(GRANT, folder="Hêtre/sub"))
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.record.relative_path == "Hêtre/sub/leaf.png"


@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
def test_a_file_is_recorded_and_promoted(copy_conditions: bool, checksums: bool) -> None:
    world = World(copy_conditions=copy_conditions, checksums=checksums)
    world.arrive()
    assert world.process() is PromotionOutcome.AVAILABLE
    assert_available(world)
    record = world.record
    assert (record.bucket, record.created_by) == ("aafc", "alice")
    assert (record.original_filename, record.received_media_type) == ("leaf.png", "image/png")
    assert record.source_etag == etag_of(PNG)
    assert record.created_on == world.clock.now()
    assert record.object_key == world.final
    assert replace(record.content, crc32=None) == content(crc32=None)
    assert record.thumbnail_identifier is not None
    assert record.thumbnail_status is ThumbnailStatus.PENDING
    assert (record.awaiting, record.awaiting_since) == (Awaiting.CLAIM, world.clock.now())
    promoted = world.objects.describe(world.final)
    assert promoted.content_type == "image/png"
    assert promoted.metadata == {}
    assert (record.stored_etag, record.stored_on) == (promoted.etag, promoted.last_modified)


def test_a_derivative_is_stored_in_its_own_folder_without_a_thumbnail(world: World) -> None:
    world.arrive(grant=replace(GRANT, is_derivative=True))
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.objects.keys == [f"derivatives/aafc/{FILE}.png"]
    assert (world.record.thumbnail_identifier, world.record.thumbnail_status) == (None, None)


def test_the_bucket_keeps_its_spelling_and_the_key_is_in_lower_case(world: World) -> None:
    world.arrive(grant=replace(GRANT, bucket="AaFc"))
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.record.bucket == "AaFc"
    assert world.objects.keys == [FINAL]


def test_a_type_without_a_decoder_gets_no_thumbnail(world: World) -> None:
    world.arrive(TEXT, replace(GRANT, original_filename="notes.txt", received_media_type=None))
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.record.thumbnail_status is ThumbnailStatus.UNSUPPORTED
    assert world.record.content.dc_type is DcType.TEXT


@pytest.mark.parametrize(
    ("announced", "sent", "received", "evaluated"),
    [
        (None, "application/octet-stream", None, "text/plain"),
        (None, "binary/octet-stream", None, "text/plain"),
        (None, "", None, "text/plain"),
        (None, "text/csv", "text/csv", "text/csv"),
        (None, " text/csv; header=present", "text/csv; header=present", "text/csv; header=present"),
        ("text/csv", "text/csv", "text/csv", "text/csv"),
        (None, "nonsense", None, "text/plain"),
        (None, "text/" + "x" * 200, None, "text/plain"),
        (None, "a/b\r\nX: y", None, "text/plain"),
        (None, "té/xt", None, "text/plain"),
    ],
)
def test_a_media_type_counts_as_declared_if_the_client_changed_that_of_the_form(
    world: World, announced: str | None, sent: str, received: str | None, evaluated: str
) -> None:
    grant = replace(GRANT, original_filename="notes.txt", received_media_type=announced)
    world.arrive(TEXT, grant, content_type=sent)
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.record.received_media_type == received
    assert world.record.content.evaluated_media_type == evaluated


def test_only_the_head_of_a_file_is_read(world: World) -> None:
    world.arrive(TEXT * 8000, replace(GRANT, original_filename="notes.txt"))
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.objects.bytes_read <= 65_536


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ({}, {"sha1_hex": sha1_of(PNG), "crc32": None}),
        ({"sha1_hex": sha1_of(PNG)}, {"sha1_hex": sha1_of(PNG), "crc32": crc32_of(PNG)}),
        ({"crc32": crc32_of(PNG)}, {"sha1_hex": sha1_of(PNG), "crc32": crc32_of(PNG)}),
    ],
)
def test_checksums_are_the_stores(
    world: World, sent: dict[str, Any], known: dict[str, str | None]
) -> None:
    world.arrive(**sent)
    world.process()
    found = world.record.content
    assert {"sha1_hex": found.sha1_hex, "crc32": found.crc32} == known


def test_bytes_are_read_once_if_the_store_computes_no_checksum() -> None:
    world = World(checksums=False)
    world.arrive(TEXT * 8000, replace(GRANT, original_filename="notes.txt"))
    world.process()
    assert world.record.content.sha1_hex == sha1_of(TEXT * 8000)
    assert world.record.content.crc32 == crc32_of(TEXT * 8000)
    assert world.objects.bytes_read <= 65_536 + len(TEXT) * 8000


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_file_over_the_hash_limit_has_the_hash_status_unavailable(beyond: int) -> None:
    world = World(checksums=False)
    body = TEXT * 8000
    world.stream_hash_limit_bytes = len(body) - beyond
    world.arrive(body, replace(GRANT, original_filename="notes.txt"))
    assert world.process() is PromotionOutcome.AVAILABLE
    found = world.record.content
    if beyond:
        assert (found.sha1_hex, found.crc32) == (None, None)
        assert found.hash_status is HashStatus.UNAVAILABLE
        assert world.objects.bytes_read <= 65_536
    else:
        assert found.sha1_hex == sha1_of(body)
        assert found.hash_status is HashStatus.AVAILABLE


def test_a_file_without_a_hash_is_no_duplicate_of_another_such_file() -> None:
    world = World(checksums=False)
    world.stream_hash_limit_bytes = 1
    twin = upload(
        file_identifier="0193a000-0000-7000-8000-00000000abce",
        inspected_content=content(sha1_hex=None, crc32=None),
    )
    world.uploads.add(twin)
    world.arrive()
    world.process()
    record = world.uploads.get(FILE)
    assert record is not None
    assert record.status is UploadStatus.AVAILABLE
    assert not record.duplicate_found


def test_the_clients_hash_is_kept_for_any_size() -> None:
    world = World(checksums=False)
    world.stream_hash_limit_bytes = 1
    world.arrive(sha1_hex=sha1_of(PNG))
    world.process()
    assert world.record.content.hash_status is HashStatus.AVAILABLE
    assert_available(world)


@pytest.mark.parametrize(
    ("body", "rejection"),
    [
        (
            ELF,
            Rejection(
                code="media_type_forbidden",
                detail="Media type application/x-sharedlib is invalid.",
            ),
        ),
        (b"", Rejection(code="empty_file", detail="Can't store empty file.")),
        (
            b"x" * 100_001,
            Rejection(
                code="file_too_large",
                detail="The file has 100001 bytes; at most 100000 are allowed.",
            ),
        ),
    ],
)
def test_a_refused_file_is_rejected_and_its_bytes_are_removed(
    world: World, body: bytes, rejection: Rejection
) -> None:
    world.arrive(body)
    assert world.process() is PromotionOutcome.REJECTED
    assert_rejected(world, rejection)
    assert (world.record.awaiting, world.record.awaiting_since) == (None, None)


def test_the_same_content_in_the_bucket_is_a_duplicate(world: World) -> None:
    world.uploads = InMemoryUploads(upload(file_identifier="earlier", bucket="AAFC"))
    world.arrive()
    world.process()
    assert world.uploads.records[FILE].duplicate_found


def test_the_same_content_in_another_bucket_is_no_duplicate(world: World) -> None:
    world.uploads = InMemoryUploads(upload(file_identifier="earlier", bucket="cnc"))
    world.arrive()
    world.process()
    assert not world.uploads.records[FILE].duplicate_found


def test_a_missing_object_is_gone(world: World) -> None:
    assert world.process() is PromotionOutcome.GONE
    assert world.uploads.records == {}


@pytest.mark.parametrize(
    ("key", "metadata"),
    [
        (KEY, {}),
        (KEY, {METADATA_NAME: "nonsense"}),
        (KEY, {METADATA_NAME: replace(GRANT, bucket="cnc").encode()}),
        (f"incoming/aafc/x/{FILE}", {METADATA_NAME: GRANT.encode()}),
        ("incoming/aafc/readme.txt", {METADATA_NAME: GRANT.encode()}),
        ("incoming/aafc/", {METADATA_NAME: GRANT.encode()}),
    ],
)
def test_an_object_without_a_valid_grant_is_foreign_and_stays(
    world: World, key: str, metadata: dict[str, str]
) -> None:
    world.objects.arrive(key, PNG, metadata)
    assert world.process(key) is PromotionOutcome.FOREIGN
    assert world.objects.keys == [key]
    assert world.uploads.records == {}


def test_of_two_posts_before_processing_the_later_one_is_the_file(world: World) -> None:
    world.arrive(PNG)
    world.arrive(OTHER_PNG)
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.process() is PromotionOutcome.GONE  # the second event
    assert_available(world, OTHER_PNG)


def test_a_post_after_promotion_is_a_replay_and_is_removed(world: World) -> None:
    world.arrive(PNG)
    world.process()
    record = world.record
    world.arrive(OTHER_PNG)
    assert world.process() is PromotionOutcome.REPLAY
    assert world.record == record
    assert_available(world, PNG)


def test_the_same_bytes_again_change_nothing(world: World) -> None:
    world.arrive(PNG)
    world.process()
    record = world.record
    world.arrive(PNG)
    assert world.process() is PromotionOutcome.AVAILABLE
    assert world.record == record
    assert_available(world, PNG)


def test_a_post_after_a_rejection_stays_rejected(world: World) -> None:
    world.arrive(ELF)
    world.process()
    rejection = world.record.rejection
    assert rejection is not None
    world.arrive(PNG)
    assert world.process() is PromotionOutcome.REPLAY
    assert_rejected(world, rejection)


@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("method", ["describe", "add", "read", "replace", "promote", "remove"])
def test_a_post_during_promotion_leaves_one_record_of_one_file(
    method: str, moment: str, copy_conditions: bool, checksums: bool
) -> None:
    world = World(copy_conditions=copy_conditions, checksums=checksums)
    world.arrive(PNG)
    happening: dict[str, Any] = {moment: once(method, lambda: world.arrive(OTHER_PNG))}
    world.promotion(
        with_hooks(world.uploads, **happening), with_hooks(world.objects, **happening)
    ).process(KEY)
    world.process()  # the second post's event
    if world.record.status is UploadStatus.AVAILABLE:
        assert_available(world, PNG if world.record.source_etag == etag_of(PNG) else OTHER_PNG)
    else:
        assert_rejected(world)


def test_a_file_that_is_replaced_during_inspection_is_rejected(world: World) -> None:
    world.arrive(PNG)
    objects = with_hooks(world.objects, before=once("read", lambda: world.arrive(OTHER_PNG)))
    assert world.promotion(objects=objects).process(KEY) is PromotionOutcome.REJECTED
    assert world.objects.keys == [KEY]
    assert world.process() is PromotionOutcome.REPLAY
    assert_rejected(world)


def arrive_with_the_same_md5(world: World) -> None:
    """Post other bytes whose ETag is that of the PNG."""
    world.objects.arrive(KEY, ELF, {METADATA_NAME: GRANT.encode()}, etag=etag_of(PNG))


def test_bytes_with_the_same_md5_that_replace_the_file_before_its_copy_are_rejected(
    world: World,
) -> None:
    world.arrive(PNG)
    objects = with_hooks(
        world.objects, before=once("promote", lambda: arrive_with_the_same_md5(world))
    )
    assert world.promotion(objects=objects).process(KEY) is PromotionOutcome.REJECTED
    assert_rejected(world)


def test_a_copy_of_bytes_with_the_same_md5_is_removed_after_a_kill(world: World) -> None:
    world.arrive(PNG)
    objects = with_hooks(
        world.objects,
        before=once("promote", lambda: arrive_with_the_same_md5(world)),
        after=once("promote", kill),
    )
    with pytest.raises(KilledError):
        world.promotion(objects=objects).process(KEY)
    assert world.process() is PromotionOutcome.REJECTED
    assert_rejected(world)


def kill() -> None:
    raise KilledError


def run_until_killed(world: World, call: int, moment: str) -> bool:
    """Process the arrival, killed at a call; return True if it finished before that call."""
    kill: dict[str, Any] = {moment: kill_at_call(call)}
    try:
        world.promotion(
            with_hooks(world.uploads, **kill), with_hooks(world.objects, **kill)
        ).process(KEY)
    except KilledError:
        return False
    return True


MAX_CALLS = 12


def resume_and_repeat(world: World) -> None:
    """Resume PROCESSING records and process what is in incoming/, as housekeeping does."""
    for record in list(world.uploads.records.values()):
        if record.status is UploadStatus.PROCESSING and KEY not in world.objects.keys:
            world.promotion().finish_without_source(record)
    world.process()


@pytest.mark.parametrize("again", [World.process, resume_and_repeat])
@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_call_and_run_again_the_end_is_the_same(
    moment: str, copy_conditions: bool, checksums: bool, again: Callable[[World], object]
) -> None:
    for call in range(MAX_CALLS):
        world = World(copy_conditions=copy_conditions, checksums=checksums)
        world.arrive()
        ended = run_until_killed(world, call, moment)
        again(world)
        assert_available(world)
        if ended:
            break
    assert ended
    assert call >= 7  # describe, add, read, replace, promote, buckets_with_content, replace, remove


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_forbidden_file_is_rejected_after_a_kill_at_any_call(moment: str) -> None:
    for call in range(MAX_CALLS):
        world = World()
        world.arrive(ELF)
        ended = run_until_killed(world, call, moment)
        resume_and_repeat(world)
        assert world.record.status is UploadStatus.REJECTED
        assert world.objects.keys == []
        if ended:
            break
    assert ended


@pytest.mark.parametrize(("copy_conditions", "checksums"), STORES)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("method", ["describe", "add", "read", "replace", "promote", "remove"])
def test_two_parallel_runs_end_with_the_same_record(
    method: str, moment: str, copy_conditions: bool, checksums: bool
) -> None:
    world = World(copy_conditions=copy_conditions, checksums=checksums)
    world.arrive()
    other = once(method, world.process)
    happening: dict[str, Any] = {moment: other}
    outcome = world.promotion(
        with_hooks(world.uploads, **happening), with_hooks(world.objects, **happening)
    ).process(KEY)
    assert outcome in (PromotionOutcome.AVAILABLE, PromotionOutcome.GONE)
    assert_available(world)
    assert not world.record.duplicate_found


def left_processing(world: World, **changes: Any) -> ObjectUpload:
    """Return an unfinished record that claims the PNG."""
    return world.uploads.add(
        upload(
            status=UploadStatus.PROCESSING,
            source_etag=etag_of(PNG),
            thumbnail_status=None,
            awaiting=Awaiting.COMPLETION,
            version=0,
            **changes,
        )
    )


def test_an_interrupted_run_is_repeated_with_the_arrived_bytes(world: World) -> None:
    world.arrive()
    left_processing(world, inspected_content=None, object_key=None)
    assert world.process() is PromotionOutcome.AVAILABLE
    assert_available(world)


def test_resuming_after_the_copy_finishes_the_upload(world: World) -> None:
    left = left_processing(world)
    world.objects.replace(FINAL, PNG, content_type="image/png")
    assert world.promotion().finish_without_source(left) is PromotionOutcome.AVAILABLE
    assert_available(world)
    assert world.record.thumbnail_identifier == left.thumbnail_identifier


def test_resuming_after_an_unconditional_copy_of_other_bytes_rejects_the_upload() -> None:
    world = World(copy_conditions=False)
    wrong = FINAL.replace(FILE, f"{FILE}-{etag_of(PNG)}")
    left = left_processing(world, object_key=wrong)
    world.objects.replace(wrong, OTHER_PNG, content_type="image/png")
    assert world.promotion().finish_without_source(left) is PromotionOutcome.REJECTED
    assert_rejected(world)


def test_resuming_after_an_unconditional_copy_of_its_bytes_finishes_the_upload() -> None:
    world = World(copy_conditions=False)
    left = left_processing(world, object_key=FINAL.replace(FILE, f"{FILE}-{etag_of(PNG)}"))
    world.objects.replace(str(left.object_key), PNG, content_type="image/png")
    assert world.promotion().finish_without_source(left) is PromotionOutcome.AVAILABLE
    assert_available(world)


@pytest.mark.parametrize("planned", [True, False])
def test_resuming_without_bytes_rejects_the_upload(world: World, planned: bool) -> None:
    unplanned = {"inspected_content": None, "object_key": None}
    left = left_processing(world, **({} if planned else unplanned))
    assert world.promotion().finish_without_source(left) is PromotionOutcome.REJECTED
    assert_rejected(world)


def test_other_bytes_than_the_claimed_ones_are_removed(world: World) -> None:
    left = left_processing(world, inspected_content=None, object_key=None)
    world.arrive(OTHER_PNG)
    assert world.promotion().finish_without_source(left) is PromotionOutcome.REJECTED
    assert world.process() is PromotionOutcome.REPLAY
    assert_rejected(world)


def test_resuming_a_finished_upload_changes_nothing(world: World) -> None:
    left = left_processing(world)
    world.objects.replace(FINAL, PNG, content_type="image/png")
    world.promotion().finish_without_source(left)
    record = world.record
    assert world.promotion().finish_without_source(left) is PromotionOutcome.AVAILABLE
    assert world.promotion().finish_without_source(record) is PromotionOutcome.AVAILABLE
    assert world.record == record


def test_a_copy_that_a_rejection_overtook_is_removed(world: World) -> None:
    world.arrive()

    def reject() -> None:
        world.set_record(status=UploadStatus.REJECTED, rejection=SOURCE_REPLACED, version=1)

    objects = with_hooks(world.objects, after=once("promote", reject))
    assert world.promotion(objects=objects).process(KEY) is PromotionOutcome.REJECTED
    assert_rejected(world)


def test_a_plan_that_a_rejection_overtook_is_not_executed(world: World) -> None:
    world.arrive()

    def reject() -> None:
        world.set_record(status=UploadStatus.REJECTED, rejection=SOURCE_REPLACED, version=1)

    objects = with_hooks(world.objects, after=once("read", reject))
    assert world.promotion(objects=objects).process(KEY) is PromotionOutcome.REJECTED
    assert_rejected(world)


def test_a_record_that_keeps_changing_is_retried(world: World) -> None:
    left = left_processing(world, inspected_content=None, object_key=None)
    uploads = with_hooks(world.uploads, before=once("replace", world.set_record))
    with pytest.raises(RecordChangedError, match="processed twice"):
        world.promotion(uploads).finish_without_source(left)
    assert world.promotion().finish_without_source(world.record) is PromotionOutcome.REJECTED


def test_a_record_that_vanishes_is_retried(world: World) -> None:
    world.arrive()
    uploads = with_hooks(world.uploads, before=once("replace", world.uploads.records.clear))
    with pytest.raises(RecordChangedError, match="vanished"):
        world.promotion(uploads).process(KEY)
    assert world.process() is PromotionOutcome.AVAILABLE

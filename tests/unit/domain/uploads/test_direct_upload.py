"""Direct uploads: stored records, refused files, and interruption at every call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.callers import Role
from coffer.domain.errors import (
    ForbiddenError,
    InvalidError,
    RecordChangedError,
    RecordExistsError,
    RequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from coffer.domain.housekeeping import Housekeeping
from coffer.domain.media_types import DcType
from coffer.domain.metadata.delete import Cascade
from coffer.domain.uploads.completion import Completion, finish_direct_upload
from coffer.domain.uploads.direct_upload import ReceivedFile, upload_directly
from coffer.domain.uploads.record import (
    Awaiting,
    ObjectUpload,
    ThumbnailStatus,
    UploadResult,
    UploadStatus,
)
from tests.fakes import (
    FrozenClock,
    InMemoryCatalogue,
    InMemoryObjects,
    InMemoryQueue,
    InMemoryUploads,
    KilledError,
    kill_at_call,
    with_hooks,
)
from tests.fakes.exports import nothing_to_clear
from tests.fakes.files import ELF, JPEG, PNG, TEXT, ZIP
from tests.fakes.hooks import once
from tests.fakes.objects import crc32_of, sha1_of
from tests.fakes.records import caller, content, pending, upload
from tests.fakes.sessions import no_sessions

MAX_BYTES = 4096


class World:
    """The dependencies of a direct upload, in memory."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.uploads = InMemoryUploads()
        self.objects = InMemoryObjects(self.clock)

    def upload(self, body: bytes = PNG, name: str | None = "leaf.png", **more: Any) -> UploadResult:
        arguments: dict[str, Any] = {
            "uploads": self.uploads,
            "objects": self.objects,
            "clock": self.clock,
            "caller": caller(Role.GUEST),
            "file": ReceivedFile(
                body=body,
                name=name,
                media_type=more.pop("media_type", None),
                relative_path=more.pop("relative_path", None),
            ),
            "bucket": "aafc",
            "is_derivative": False,
            "max_bytes": MAX_BYTES,
        }
        return upload_directly(**arguments | more)

    def keep_house(self) -> None:
        self.clock.advance(timedelta(hours=2))
        catalogue = InMemoryCatalogue(self.uploads)
        Housekeeping(
            uploads=self.uploads,
            objects=self.objects,
            queue=InMemoryQueue(),
            completion=Completion(
                uploads=self.uploads,
                objects=self.objects,
                clock=self.clock,
                stream_hash_limit_bytes=MAX_BYTES,
            ),
            cascade=Cascade(uploads=self.uploads, catalogue=catalogue, clock=self.clock),
            export_cleanup=nothing_to_clear(self.clock),
            session_cleanup=no_sessions(self.clock),
            clock=self.clock,
        ).run()


@pytest.fixture
def world() -> World:
    return World()


def test_a_file_is_stored_with_all_its_attributes(world: World) -> None:
    receipt = world.upload(media_type="image/png", bucket="AAFC", caller=caller(Role.GUEST))
    stored = receipt.upload
    assert world.uploads.records == {stored.file_identifier: stored}
    assert stored.status is UploadStatus.AVAILABLE
    assert (stored.bucket, stored.created_by) == ("AAFC", "alice")
    assert (stored.original_filename, stored.received_media_type) == ("leaf.png", "image/png")
    assert stored.inspected_content == content()
    assert stored.object_key == f"objects/aafc/{stored.file_identifier}.png"
    assert stored.thumbnail_identifier is not None
    assert stored.thumbnail_status is ThumbnailStatus.PENDING
    assert (stored.awaiting, stored.awaiting_since) == (Awaiting.CLAIM, world.clock.now())
    assert stored.version == 1
    assert not receipt.duplicate_found
    assert world.objects.body(stored.object_key) == PNG
    described = world.objects.describe(stored.object_key)
    assert described.content_type == "image/png"
    assert stored.stored_etag == described.etag


@pytest.mark.parametrize(
    ("name", "relative_path", "kept"),
    [
        ("folder/sub/plot.R", None, "folder/sub/plot.R"),
        ("plot.R", "folder/sub/plot.R", "folder/sub/plot.R"),
        ("plot.R", None, None),
        ("/tmp/plot.R", None, None),
    ],
)
def test_the_relative_path_of_a_file_is_kept(
    world: World, name: str, relative_path: str | None, kept: str | None
) -> None:
    stored = world.upload(TEXT, name, relative_path=relative_path).upload
    assert (stored.relative_path, stored.original_filename) == (kept, "plot.R")


def test_hashes_are_of_the_bytes(world: World) -> None:
    found = world.upload(TEXT, "notes.txt").upload.content
    assert (found.sha1_hex, found.crc32) == (sha1_of(TEXT), crc32_of(TEXT))
    assert found.dc_type is DcType.TEXT


def test_a_derivative_has_its_own_folder_and_no_thumbnail(world: World) -> None:
    stored = world.upload(JPEG, "leaf.jpg", is_derivative=True).upload
    assert stored.object_key == f"derivatives/aafc/{stored.file_identifier}.jpg"
    assert stored.is_derivative
    assert (stored.thumbnail_identifier, stored.thumbnail_status) == (None, None)


def test_a_type_without_a_decoder_has_an_unsupported_thumbnail(world: World) -> None:
    stored = world.upload(TEXT, "notes.txt").upload
    assert stored.thumbnail_identifier is None
    assert stored.thumbnail_status is ThumbnailStatus.UNSUPPORTED


def test_a_file_may_come_without_a_name(world: World) -> None:
    stored = world.upload(PNG, None).upload
    assert stored.original_filename == ""
    assert str(stored.object_key).endswith(f"{stored.file_identifier}.png")


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"body": b""}, InvalidError, "empty_file"),
        ({"body": b"x" * (MAX_BYTES + 1)}, TooLargeError, "file_too_large"),
        ({"body": ELF}, UnsupportedTypeError, "media_type_forbidden"),
        ({"body": ZIP}, UnsupportedTypeError, "media_type_forbidden"),
        ({"body": ELF, "is_derivative": True}, UnsupportedTypeError, "media_type_forbidden"),
        ({"name": "n" * 251}, InvalidError, "file_name_too_long"),
        ({"name": "a.1234567890"}, InvalidError, "file_extension_too_long"),
        ({"media_type": "nonsense"}, InvalidError, "malformed_media_type"),
        ({"caller": caller(Role.READ_ONLY)}, ForbiddenError, "role_required"),
        ({"bucket": "other"}, ForbiddenError, "role_required"),
    ],
)
def test_a_refused_file_leaves_nothing(
    world: World, changes: dict[str, Any], kind: type[RequestError], code: str
) -> None:
    with pytest.raises(kind) as refusal:
        world.upload(**changes)
    assert [problem.code for problem in refusal.value.problems] == [code]
    assert world.uploads.records == {}
    assert world.objects.keys == []


def test_the_error_for_large_files_names_the_presigned_upload(world: World) -> None:
    with pytest.raises(TooLargeError, match="POST /api/v1/upload"):
        world.upload(b"x" * (MAX_BYTES + 1))


def test_the_same_content_again_is_kept_with_a_warning(world: World) -> None:
    first, second = world.upload(), world.upload(name="again.png")
    assert not first.duplicate_found
    assert second.duplicate_found
    assert second.upload.duplicate_found
    assert len(world.objects.keys) == 2


def test_a_duplicate_in_another_readable_bucket_warns_its_uploader_only(world: World) -> None:
    both = replace(caller(), groups={"aafc": frozenset({Role.USER}), "cnc": frozenset({Role.USER})})
    world.upload(bucket="cnc", caller=both)
    receipt = world.upload(caller=both)
    assert receipt.duplicate_found
    assert not receipt.upload.duplicate_found


def test_a_duplicate_that_the_caller_may_not_read_causes_no_warning(world: World) -> None:
    world.upload(bucket="cnc", caller=caller(Role.USER, "cnc"))
    assert not world.upload().duplicate_found


class ForgetfulUploads(InMemoryUploads):
    """Writes a record, loses the response and writes again, as the SDK does."""

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        super().add(upload)
        return super().add(upload)


def test_a_lost_response_of_the_table_is_recovered(world: World) -> None:
    world.uploads = ForgetfulUploads()
    receipt = world.upload()
    assert receipt.upload.status is UploadStatus.AVAILABLE
    assert world.uploads.records == {receipt.upload.file_identifier: receipt.upload}


def test_a_record_that_vanishes_after_a_conflict_is_an_error(world: World) -> None:
    world.uploads = ForgetfulUploads()
    vanish = once("get", world.uploads.records.clear)
    with pytest.raises(RecordExistsError):
        world.upload(uploads=with_hooks(world.uploads, before=vanish))
    assert world.objects.keys == []


def test_a_lost_response_of_the_store_is_recovered(world: World) -> None:
    """Writes an object, loses the response and writes again, as the SDK does."""

    def put_it_first(method: str) -> None:
        [upload_] = world.uploads.records.values()
        if method == "write":
            world.objects.replace(str(upload_.object_key), PNG, content_type="image/png")

    receipt = world.upload(objects=with_hooks(world.objects, before=put_it_first))
    assert receipt.upload.status is UploadStatus.AVAILABLE


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", range(6))
def test_housekeeping_finishes_or_removes_an_upload_that_was_killed_at_any_call(
    world: World, call: int, moment: str
) -> None:
    kill = {moment: kill_at_call(call)}
    uploads, objects = with_hooks(world.uploads, **kill), with_hooks(world.objects, **kill)
    survived = True
    try:
        world.upload(uploads=uploads, objects=objects)
    except KilledError:
        survived = False
    assert survived == (call >= 5)  # twice buckets_with_content, add, write, replace
    world.keep_house()
    states = {record.status for record in world.uploads.records.values()}
    assert states <= {UploadStatus.AVAILABLE}
    assert world.objects.keys == [
        str(record.object_key) for record in world.uploads.records.values()
    ]


def test_a_record_that_another_run_finished_is_returned(world: World) -> None:
    before = world.uploads.add(pending())
    finished = finish_direct_upload(world.uploads, world.clock, before, "abc")
    assert finish_direct_upload(world.uploads, world.clock, before, "abc") == finished
    assert finished.status is UploadStatus.AVAILABLE


def test_a_record_that_housekeeping_discarded_cannot_be_finished(world: World) -> None:
    before = world.uploads.add(pending())
    world.uploads.discard(before)
    with pytest.raises(RecordChangedError):
        finish_direct_upload(world.uploads, world.clock, before, "abc")


def test_a_record_without_a_key_cannot_be_finished(world: World) -> None:
    with pytest.raises(ValueError, match="no object key"):
        finish_direct_upload(world.uploads, world.clock, pending(object_key=None), "abc")


def test_an_uninspected_upload_has_no_content() -> None:
    with pytest.raises(ValueError, match="not been inspected"):
        _ = upload(inspected_content=None).content

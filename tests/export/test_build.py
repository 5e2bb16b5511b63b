"""Archives are built completely, also after interruptions, and leave no temporary objects."""

from __future__ import annotations

import random
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffer.adapters.compression import FastCompression
from coffer.domain.errors import DecoderBusyError, RecordChangedError, StoreError
from coffer.domain.export.build import BUSY_DELAY, BuildOutcome, ExportBuilder
from coffer.domain.export.layout import GIB, MIB, MIN_PART_BYTES
from coffer.domain.export.ports import Compressor
from coffer.domain.export.record import LEASE_DURATION, MAX_ATTEMPTS, ExportStatus
from coffer.domain.export.transform_member import ExportFunction
from tests.export.scenario import EXPORT, ExportScenario, File
from tests.fakes.bodies import BytesBody, GeneratedBody
from tests.fakes.exports import JPEG_MAGIC
from tests.fakes.hooks import Hook, KilledError, Turns, kill_at_call, once, with_hooks
from tests.fakes.records import content, identifier, metadata, upload

TEXT = b"The quick brown fox jumps over the lazy dog. " * 40_000


def check(scenario: ExportScenario, *, without: tuple[int, ...] = ()) -> None:
    """Assert that the archive has every file except `without`, and that nothing else is left."""
    assert scenario.leftovers() == []
    with scenario.opened() as archive:
        expected = {f.path: f for n, f in enumerate(scenario.files) if n not in without}
        assert sorted(archive.namelist()) == sorted(expected)
        assert archive.testzip() is None
        for info in archive.infolist():
            body = expected[info.filename].body
            if not expected[info.filename].is_transformed:
                assert info.file_size == body.size_bytes
                assert archive.read(info) == body.read(0, body.size_bytes)


def test_one_small_file() -> None:
    scenario = ExportScenario([File("leaf.jpg", BytesBody(b"leaf"))])
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)
    export = scenario.export
    assert export.status is ExportStatus.COMPLETED
    assert export.archive_bytes == scenario.archives.body(export.archive_key).size_bytes
    assert export.entries_done == 1


@pytest.mark.parametrize(
    "sizes",
    [
        [0],
        [0, 0, 0],
        [MIN_PART_BYTES - 1],
        [MIN_PART_BYTES],
        [MIN_PART_BYTES] * 3,
        [9 * MIB] * 6,
        [2 * MIN_PART_BYTES],
        [2 * MIN_PART_BYTES, 1],
        [1, 12 * MIB, MIN_PART_BYTES, 30 * MIB, 7 * MIB, 50_000],
        [4 * MIB, 4 * MIB, 4 * MIB, 4 * MIB, 12 * MIB],
    ],
    ids=str,
)
@pytest.mark.parametrize("media_type", ["image/jpeg", "text/csv"])
def test_members_of_all_sizes(sizes: list[int], media_type: str) -> None:
    files = [
        File.generated(f"f{number}.bin", size, number, media_type=media_type)
        for number, size in enumerate(sizes)
    ]
    scenario = ExportScenario(files)
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)


@st.composite
def some_files(draw: st.DrawFn) -> list[File]:
    sizes = draw(
        st.lists(
            st.one_of(
                st.integers(0, 300_000),
                st.integers(MIN_PART_BYTES - 3, MIN_PART_BYTES + 3),
                st.integers(MIN_PART_BYTES, 24 * MIB),
            ),
            min_size=1,
            max_size=7,
        )
    )
    return [
        File.generated(
            f"{number}/é標.dat",
            size,
            number,
            media_type=draw(st.sampled_from(["image/jpeg", "text/plain"])),
            crc32_is_known=draw(st.booleans()),
            size_is_known=draw(st.booleans()) or size > MIB,
        )
        for number, size in enumerate(sizes)
    ]


@settings(max_examples=12)
@given(some_files())
def test_any_files_become_a_valid_archive(files: list[File]) -> None:
    scenario = ExportScenario(files)
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 100_000),
            st.integers(MIN_PART_BYTES, 20 * MIB),
            st.integers(3 * GIB, 6 * GIB),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_archives_of_many_gigabytes_have_a_correct_directory(sizes: list[int]) -> None:
    scenario = ExportScenario([File.generated(f"{n}.tif", size, n) for n, size in enumerate(sizes)])
    assert scenario.build() is BuildOutcome.FINISHED
    with scenario.opened() as archive:
        infos = {info.filename: info for info in archive.infolist()}
        assert len(infos) == len(sizes)
        for number, size in enumerate(sizes):
            info, body = infos[f"{number}.tif"], scenario.files[number].body
            assert isinstance(body, GeneratedBody)
            assert (info.file_size, info.CRC) == (size, body.crc32)
            with archive.open(info) as member:  # compares the local header with the directory
                assert member.read(100) == body.read(0, 100)
                if size > 100:
                    member.seek(size - 50) if size < 10 * MIB else None
            end = info.header_offset + 30 + len(info.filename) + 9 + size
            end += 20 if size >= 0xFFFFFFFF else 0
            archive_body = scenario.archives.body(scenario.export.archive_key)
            assert archive_body.read(end - 50, 50) == body.read(max(0, size - 50), 50) or size < 50
            assert archive_body.read(end, 4) in (b"PK\3\4", b"PK\1\2")


def test_members_of_10_mib_are_copied_inside_the_store() -> None:
    scenario = ExportScenario([File.generated(f"{n}.tif", 200_000_000, n) for n in range(20)])
    scenario.build()
    total = 20 * 200_000_000
    assert scenario.archives.fetched <= 0.002 * total
    assert scenario.archives.sent <= 0.002 * total


def mixed(*, is_public: bool = False) -> ExportScenario:
    """Return a scenario with files of each kind. A deflated member continues in a second part."""
    return ExportScenario(
        [
            replace(file, is_public=is_public)
            for file in (
                File.generated("a.jpg", 4 * MIB, 1),
                File("b.txt", BytesBody(TEXT), "text/plain"),
                File.generated("c.csv", 4 * MIB, 2, media_type="text/csv"),
                File.generated("d.tif", 11 * MIB, 3, crc32_is_known=False),
                File.generated("e.tif", 10 * MIB, 4),
                File.generated("f.tif", 6 * MIB, 5),
                File.generated("thumb.jpg", 9_000, 6, size_is_known=False, crc32_is_known=False),
                File("g.jpg", BytesBody(b"an image" * 1_100_000), is_transformed=True),
            )
        ],
        function=ExportFunction(name="IMG_RESIZE", factor=0.5),
    )


def archive_of(scenario: ExportScenario) -> bytes:
    """Return the bytes of the archive."""
    body = scenario.archives.body(scenario.export.archive_key)
    return body.read(0, body.size_bytes)


def uninterrupted() -> bytes:
    """Return the archive of `mixed` after a build without interruptions."""
    scenario = mixed()
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)
    return archive_of(scenario)


def builder_with(scenario: ExportScenario, hook: Hook) -> ExportBuilder:
    """Return a builder that calls `hook` before each call of a port."""
    return ExportBuilder(
        exports=with_hooks(scenario.exports, before=hook),
        archives=with_hooks(scenario.archives, before=hook),
        queue=with_hooks(scenario.queue, before=hook),
        uploads=scenario.uploads,
        catalogue=scenario.catalogue,
        images=scenario.builder.images,
        compression=scenario.compression,
        clock=scenario.clock,
    )


def kill_worker(scenario: ExportScenario, call: int) -> bool:
    """Kill a worker before one of its calls; return False if it made fewer calls."""
    try:
        builder_with(scenario, kill_at_call(call)).build(EXPORT, scenario.remaining)
    except KilledError:
        return True
    return False


def test_a_build_killed_at_ten_random_calls_gives_the_same_archive() -> None:
    expected = uninterrupted()
    chosen = random.Random(7)
    scenario = mixed()
    kills = 0
    while kills < 10 and not scenario.export.has_archive:
        kills += kill_worker(scenario, chosen.randrange(3, 25))
        scenario.clock.advance(timedelta(hours=1))
    assert kills == 10
    scenario.build()
    assert scenario.export.status is ExportStatus.COMPLETED
    check(scenario)
    assert archive_of(scenario) == expected


def test_a_build_killed_at_any_call_gives_the_same_archive() -> None:
    expected = uninterrupted()
    for call in range(0, 300, 5):
        scenario = mixed()
        reached = kill_worker(scenario, call)
        scenario.clock.advance(timedelta(hours=1))
        scenario.build()
        assert scenario.export.status is ExportStatus.COMPLETED
        check(scenario)
        assert archive_of(scenario) == expected
        if not reached:
            assert call > 40
            return
    pytest.fail("the build never finished")


def test_a_worker_that_runs_out_of_time_enqueues_the_export_again() -> None:
    expected = uninterrupted()
    scenario = mixed()
    outcomes: list[BuildOutcome] = []
    while BuildOutcome.FINISHED not in outcomes and len(outcomes) < 60:
        left = iter([timedelta(minutes=15)] * (len(outcomes) + 1))
        outcomes.append(scenario.builder.build(EXPORT, partial(next, left, timedelta(seconds=59))))
    assert outcomes.count(BuildOutcome.CONTINUED) == len(outcomes) - 1 > 2
    assert len(scenario.queue.enqueued) == len(outcomes) - 1
    check(scenario)
    assert archive_of(scenario) == expected


def test_an_export_whose_decoder_is_busy_waits_and_never_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = mixed()

    def throttled(*_arguments: object) -> None:
        raise DecoderBusyError("decoder_unavailable", "throttled")

    with monkeypatch.context() as busy:
        busy.setattr(scenario.images, "apply", throttled)
        for _ in range(2 * MAX_ATTEMPTS):
            assert scenario.build() is BuildOutcome.POSTPONED
    assert scenario.queue.delays == [BUSY_DELAY] * 2 * MAX_ATTEMPTS
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)


def test_text_is_deflated_and_images_are_stored() -> None:
    scenario = ExportScenario(
        [File("b.txt", BytesBody(TEXT), "text/plain"), File("c.jpg", BytesBody(TEXT))]
    )
    scenario.build()
    with scenario.opened() as archive:
        text, picture = archive.getinfo("b.txt"), archive.getinfo("c.jpg")
        assert text.compress_type == zipfile.ZIP_DEFLATED
        assert text.compress_size < len(TEXT) / 20
        assert zlib.crc32(TEXT) == text.CRC
        assert picture.compress_type == zipfile.ZIP_STORED
        assert text.date_time == (2026, 11, 22, 12, 0, 0)
        assert archive.testzip() is None


class Expanding:
    """A compressor whose output is larger than its input: short blocks, uncompressed."""

    def crc32(self, data: bytes | memoryview, before: int = 0, /) -> int:
        return zlib.crc32(data, before)

    def compressor(self) -> Compressor:
        return zlib.compressobj(0, zlib.DEFLATED, -9, 1)


def test_incompressible_members_fit_the_sizes_of_the_layout() -> None:
    files = [
        File.generated(f"{n}.txt", size, n, media_type="text/plain")
        for n, size in enumerate([1, 9 * MIB, 10 * MIB - 1, 9 * MIB, 70_000])
    ]
    for compression in (Expanding(), FastCompression()):
        scenario = ExportScenario(files, compression=compression)
        assert scenario.build() is BuildOutcome.FINISHED
        check(scenario)
        archive = scenario.archives.body(scenario.export.archive_key)
        assert archive.size_bytes < 1.002 * sum(file.body.size_bytes for file in files)


def test_a_transformed_member_is_the_result_of_the_function() -> None:
    function = ExportFunction(name="IMG_RESIZE", factor=0.5)
    body = bytes(range(256)) * 80_000  # 20 MB: over several parts
    scenario = ExportScenario(
        [File("a.jpg", BytesBody(body), is_transformed=True)], function=function
    )
    scenario.build()
    with scenario.opened() as archive:
        assert archive.read("a.jpg") == JPEG_MAGIC + body[::-1]
    assert scenario.leftovers() == []


def test_each_image_gets_a_temporary_key_of_its_own() -> None:
    """A decoder that was taken over may write to its key later."""
    files = [File(f"{n}.jpg", BytesBody(b"image"), is_transformed=True) for n in range(3)]
    function = ExportFunction(name="IMG_RESIZE", factor=0.5)
    scenario = ExportScenario(files, function=function)
    scenario.build()
    keys = scenario.images.destinations
    assert len(set(keys)) == 3
    assert {key.startswith(scenario.export.temporary) for key in keys} == {True}


def test_a_missing_file_is_left_out_and_named() -> None:
    for number in range(8):
        scenario = mixed()
        scenario.archives.remove(scenario.key_of(number))
        assert scenario.build() is BuildOutcome.FINISHED
        export = scenario.export
        assert export.status is ExportStatus.PARTIAL
        assert export.problems == {"file_missing": [identifier(number)]}
        assert export.entries_done == 7
        check(scenario, without=(number,))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_file_with_other_bytes_is_left_out_and_named(number: int) -> None:
    scenario = mixed()
    body = scenario.files[number].body
    scenario.archives.put(scenario.key_of(number), body.read(0, body.size_bytes - 1) + b"!")
    scenario.build()
    assert scenario.export.problems == {"file_changed": [identifier(number)]}
    check(scenario, without=(number,))


@pytest.mark.parametrize("number", [0, 3, 5])
def test_a_file_with_another_size_is_left_out_and_named(number: int) -> None:
    scenario = mixed()
    scenario.archives.put(scenario.key_of(number), GeneratedBody(9, 7_000_000))
    scenario.build()
    assert scenario.export.problems == {"file_changed": [identifier(number)]}
    check(scenario, without=(number,))


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("changes", [False, True], ids=["vanishes", "changes"])
def test_a_file_that_vanishes_or_changes_during_a_build_is_left_out(
    number: int, changes: bool
) -> None:
    for call in range(number, 200, 12):
        scenario = mixed()
        calls = count()

        def interfere(_method: str, call: int = call, calls: count[int] = calls) -> None:
            if next(calls) == call:
                _remove_or_change(scenario, number, changes=changes)  # noqa: B023 - called in this iteration

        assert builder_with(scenario, interfere).build(EXPORT, scenario.remaining)
        export = scenario.export
        if export.status is ExportStatus.PARTIAL:
            [(code, files)] = export.problems.items()
            assert list(files) == [identifier(number)]
            assert code in ("file_missing", "file_changed")
            check_valid(scenario, without=(number,))
        else:
            assert export.status is ExportStatus.COMPLETED
            check_valid(scenario)
            if next(calls) <= call:
                return


def publish(scenario: ExportScenario, number: int, is_public: bool) -> None:
    """Give a file of the scenario a metadata record that is public or private."""
    described = metadata(
        identifier=identifier(0xA000 + number),
        file_identifier=identifier(number),
        publicly_releasable=is_public,
    )
    scenario.catalogue.metadata_records[described.identifier] = described
    scenario.uploads.records[identifier(number)] = upload(
        file_identifier=identifier(number), claimed_by=described.instance_id
    )


def of_another_group() -> ExportScenario:
    """Return `mixed`, for a user who may read its files only because they are public."""
    scenario = mixed(is_public=True)
    for number in range(len(scenario.files)):
        publish(scenario, number, is_public=True)
    return scenario


def test_a_file_that_is_still_public_is_in_the_archive() -> None:
    scenario = of_another_group()
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)


@pytest.mark.parametrize("number", range(8))
def test_a_file_that_was_made_private_is_left_out_and_named(number: int) -> None:
    scenario = of_another_group()
    publish(scenario, number, is_public=False)
    assert scenario.build() is BuildOutcome.FINISHED
    assert scenario.export.problems == {"file_not_public": [identifier(number)]}
    check(scenario, without=(number,))


@pytest.mark.parametrize("number", range(8))
def test_a_file_that_is_made_private_during_a_build_is_left_out_by_the_next_worker(
    number: int,
) -> None:
    for call in range(0, 60, 7):
        scenario = of_another_group()
        killed = kill_worker(scenario, call)
        scenario.clock.advance(LEASE_DURATION + timedelta(seconds=1))
        publish(scenario, number, is_public=False)
        scenario.build()
        if killed:
            assert scenario.export.problems == {"file_not_public": [identifier(number)]}
            check(scenario, without=(number,))


def test_a_private_file_of_a_member_is_in_the_archive() -> None:
    scenario = mixed()
    publish(scenario, 0, is_public=False)
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)


@pytest.mark.parametrize("call", [36, 44])
def test_two_files_that_vanish_during_a_build_are_both_left_out(call: int) -> None:
    """They are the first copied member, and the one that ends in the same part."""
    scenario = mixed()
    calls = count()

    def interfere(_method: str) -> None:
        if next(calls) == call:
            for number in (3, 7):
                _remove_or_change(scenario, number, changes=False)

    assert (
        builder_with(scenario, interfere).build(EXPORT, scenario.remaining) is BuildOutcome.FINISHED
    )
    assert scenario.export.problems == {"file_missing": [identifier(3), identifier(7)]}
    check(scenario, without=(3, 7))


def _remove_or_change(scenario: ExportScenario, number: int, *, changes: bool) -> None:
    key, body = scenario.key_of(number), scenario.files[number].body
    if changes:
        other = bytes(min(body.size_bytes, 1000)) + body.read(1000, body.size_bytes)
        scenario.archives.put(key, other, crc32=zlib.crc32(other))
    else:
        scenario.archives.remove(key)


def check_valid(scenario: ExportScenario, *, without: tuple[int, ...] = ()) -> None:
    """Assert that the archive is valid and has the paths, and that nothing else is left."""
    assert scenario.leftovers() == []
    with scenario.opened() as archive:
        paths = {f.path for n, f in enumerate(scenario.files) if n not in without}
        assert set(archive.namelist()) == paths
        assert archive.testzip() is None


def test_an_export_without_any_usable_file_fails() -> None:
    scenario = mixed()
    for number in range(8):
        scenario.archives.remove(scenario.key_of(number))
    assert scenario.build() is BuildOutcome.FAILED
    export = scenario.export
    assert (export.status, export.failure) == (ExportStatus.ERROR, "no_files_left")
    assert len(export.problems["file_missing"]) == 8
    assert scenario.leftovers() == []
    assert scenario.build() is BuildOutcome.NOTHING_TO_DO


def test_an_image_that_cannot_be_transformed_is_left_out_and_named() -> None:
    function = ExportFunction(name="IMG_RESIZE", factor=0.5)
    files = [
        File("a.jpg", BytesBody(b"damaged image"), is_transformed=True),
        File("b.jpg", BytesBody(b"an image"), is_transformed=True),
        File("c.jpg", BytesBody(b"hostile image"), is_transformed=True),
    ]
    scenario = ExportScenario(files, function=function)
    scenario.build()
    expected = {"image_damaged": [identifier(0)], "decoder_crashed": [identifier(2)]}
    assert scenario.export.problems == expected
    check(scenario, without=(0, 2))


def test_only_one_worker_builds_an_export() -> None:
    scenario = mixed()
    assert kill_worker(scenario, 25)
    assert scenario.build() is BuildOutcome.BUSY
    scenario.clock.advance(timedelta(minutes=11))
    assert scenario.build() is BuildOutcome.FINISHED


def test_a_worker_whose_lease_expired_does_no_harm() -> None:
    expected = uninterrupted()
    for call in range(12, 80, 13):
        scenario = mixed()
        calls = count()

        def interfere(_method: str, call: int = call, calls: count[int] = calls) -> None:
            if next(calls) == call:
                scenario.clock.advance(timedelta(hours=1))  # noqa: B023 - called in this iteration
                assert scenario.build() is BuildOutcome.FINISHED  # noqa: B023 - likewise

        with suppress(RecordChangedError, StoreError):
            builder_with(scenario, interfere).build(EXPORT, scenario.remaining)
        assert scenario.export.status is ExportStatus.COMPLETED
        assert archive_of(scenario) == expected


@pytest.mark.parametrize("seed", range(12))
def test_two_workers_with_interleaved_calls_do_no_harm(seed: int) -> None:
    chosen = random.Random(seed)
    scenario = mixed()
    turns = Turns()

    def work() -> None:
        with suppress(RecordChangedError, StoreError):
            builder_with(scenario, turns.wait).build(EXPORT, scenario.remaining)

    turns.begin(work)
    for _ in range(chosen.randrange(3, 60)):
        turns.give(0)
    scenario.clock.advance(timedelta(hours=1))
    turns.begin(work)
    removed, removed_at = chosen.randrange(8), chosen.randrange(40)
    for turn in count():
        if not (waiting := turns.waiting):
            break
        if turn == removed_at:
            _remove_or_change(scenario, removed, changes=False)
        turns.give(chosen.choice(waiting))
    while scenario.export.is_unfinished:
        scenario.clock.advance(timedelta(hours=1))
        scenario.build()
    left_out = [who for files in scenario.export.problems.values() for who in files]
    assert left_out in ([], [identifier(removed)])
    check_valid(scenario, without=(removed,) if left_out else ())
    archive = scenario.archives.body(scenario.export.archive_key)
    assert scenario.export.archive_bytes == archive.size_bytes


def test_an_archive_that_was_completed_but_not_recorded_is_not_built_again() -> None:
    scenario = mixed()
    key = scenario.export.archive_key

    def kill(method: str) -> None:
        if key in scenario.archives.objects:
            raise KilledError(method)

    with pytest.raises(KilledError):
        builder_with(scenario, kill).build(EXPORT, scenario.remaining)
    completed = scenario.archives.objects[key]
    scenario.clock.advance(timedelta(hours=1))
    calls: list[str] = []
    assert (
        builder_with(scenario, calls.append).build(EXPORT, scenario.remaining)
        is BuildOutcome.FINISHED
    )
    assert not {"start_upload", "copy_part", "complete_upload"} & set(calls)
    assert scenario.archives.objects[key] is completed
    assert scenario.export.archive_bytes == completed.body.size_bytes
    check(scenario)


def test_another_archive_under_the_same_key_is_not_mistaken_for_this_one() -> None:
    scenario = ExportScenario([File("a.jpg", BytesBody(b"leaf"))])
    archives, key = scenario.archives, scenario.export.archive_key

    def another() -> None:
        archives.uploads.clear()
        archives.put(key, b"the archive of a worker with other files")

    builder_with(scenario, once("complete_upload", another)).build(EXPORT, scenario.remaining)
    check(scenario)


def test_checkpoints_of_copies_are_neither_too_rare_nor_too_frequent() -> None:
    files = [File.generated(f"{n}.tif", 10 * MIB, n % 9) for n in range(1500)]
    scenario = ExportScenario(files)
    calls: list[str] = []
    assert (
        builder_with(scenario, calls.append).build(EXPORT, scenario.remaining)
        is BuildOutcome.FINISHED
    )
    assert 30 < calls.count("save") < 120
    assert scenario.archives.sent < 0.002 * 1500 * 10 * MIB


def test_progress_counts_streamed_and_copied_files() -> None:
    scenario = mixed()
    progress = []

    def observe(_method: str) -> None:
        scenario.clock.advance(timedelta(seconds=2))
        progress.append((scenario.export.entries_done, scenario.export.bytes_done))

    builder_with(scenario, observe).build(EXPORT, scenario.remaining)
    files = [entries for entries, _ in progress]
    assert files == sorted(files)
    assert {2, 4, 5, 6, 7} <= set(files)
    assert [size for _, size in progress] == sorted(size for _, size in progress)
    export = scenario.export
    assert (export.entries_done, export.bytes_done) == (8, export.bytes_total)


def test_computing_checksums_extends_the_lease_and_saves_the_results() -> None:
    files = [File.generated(f"{n}.tif", 11 * MIB, n, crc32_is_known=False) for n in range(30)]
    scenario = ExportScenario(files)
    left = iter([timedelta(minutes=15)] * 14)
    checksums = 0

    def observe(method: str) -> None:
        nonlocal checksums
        if method == "crc32":
            checksums += 1
            scenario.clock.advance(timedelta(minutes=2))
            assert scenario.export.is_leased(scenario.clock.now())

    builder = builder_with(scenario, observe)
    little_time = partial(next, left, timedelta(seconds=59))
    assert builder.build(EXPORT, little_time) is BuildOutcome.CONTINUED
    assert 5 < checksums < 15
    assert builder.build(EXPORT, scenario.remaining) is BuildOutcome.FINISHED
    assert checksums == 30
    check(scenario)


def test_an_export_fails_after_too_many_attempts_without_progress() -> None:
    scenario = mixed()
    for _ in range(6):
        assert kill_worker(scenario, 9)
        scenario.clock.advance(timedelta(hours=1))
    bytes_done = 7
    scenario.exports.replace(scenario.export, replace(scenario.export, bytes_done=bytes_done))
    assert scenario.build() is BuildOutcome.FAILED
    assert scenario.export.failure == "attempts_exhausted"
    assert scenario.export.bytes_done == bytes_done
    assert scenario.leftovers() == []


def test_an_upload_that_the_store_aborted_is_started_again() -> None:
    expected = uninterrupted()
    scenario = mixed()
    assert kill_worker(scenario, 40)
    scenario.archives.uploads.clear()
    scenario.clock.advance(timedelta(hours=1))
    assert scenario.build() is BuildOutcome.FINISHED
    check(scenario)
    assert archive_of(scenario) == expected


def test_a_computed_checksum_is_saved_in_the_upload_record() -> None:
    scenario = ExportScenario([File.generated("a.tif", 11 * MIB, crc32_is_known=False)])
    known = upload(file_identifier=identifier(0), inspected_content=content(crc32=None))
    scenario.uploads.add(known)
    scenario.build()
    kept = scenario.uploads.records[identifier(0)]
    assert kept.content.crc32 == f"{scenario.files[0].body.crc32:08x}"
    assert kept.version == known.version + 1

"""The Archives port behaves the same in memory and on S3."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from coffer.adapters.s3.archives import S3Archives
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.export.layout import MIB, MIN_PART_BYTES
from coffer.domain.export.ports import Archives, ObjectRange
from coffer.settings import store_settings
from local.stack import LocalStack
from local.storage.gate import GateStorage
from tests.contract.restricted_lists import restrict_lists
from tests.fakes import FrozenClock
from tests.fakes.archives import InMemoryArchives
from tests.fakes.bodies import GeneratedBody

BODY = GeneratedBody(1, 12 * MIB).read(0, 12 * MIB)
KEY, SOURCE, SCRATCH = "exports/a/a.zip", "objects/aafc/source ü.bin", "exports/a/parts/1"


@dataclass
class Store:
    archives: Archives
    put: Callable[[str, bytes], object]
    remove: Callable[[str], object]


@pytest.fixture(params=["in memory", "S3", "S3 with restricted lists"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "in memory":
        fake = InMemoryArchives(FrozenClock())
        return Store(fake, fake.put, fake.remove)
    if request.param == "S3 with restricted lists":
        restrict_lists(monkeypatch)
    return on_s3(request.getfixturevalue("stack"))


def on_s3(stack: LocalStack) -> Store:
    client, bucket = stack.client("s3"), store_settings.object_bucket
    return Store(
        S3Archives(
            store_signer(),
            store_endpoint(),
            bucket,
            SystemClock(),
            copy_conditions=store_settings.copy_conditions,
        ),
        lambda key, body: client.put_object(Bucket=bucket, Key=key, Body=body),
        lambda key: client.delete_object(Bucket=bucket, Key=key),
    )


def test_an_object_is_joined_from_copied_and_uploaded_parts(store: Store) -> None:
    archives = store.archives
    store.put(SOURCE, BODY)
    source = archives.describe(SOURCE)
    assert source.size_bytes == len(BODY)
    upload = archives.start_upload(KEY)
    assert list(archives.list_uploads("exports/a/")) == [(KEY, upload)]
    assert list(archives.list_uploads("exports/b/")) == []
    copy = archives.copy_part(KEY, upload, 1, source, 0, len(BODY))
    part = archives.copy_part(KEY, upload, 2, source, 7, MIN_PART_BYTES)
    rest = archives.upload_part(KEY, upload, 3, memoryview(b"the end"))
    etag = archives.complete_upload(KEY, upload, {1: copy, 2: part, 3: rest})
    made = archives.describe(KEY)
    assert made.etag == etag
    expected = BODY + BODY[7 : 7 + MIN_PART_BYTES] + b"the end"
    assert archives.load(KEY) == expected
    assert list(archives.list_uploads("exports/")) == []
    assert list(archives.list_keys("exports/")) == [KEY]


def test_a_changed_or_missing_source_is_not_copied(store: Store) -> None:
    archives = store.archives
    store.put(SOURCE, BODY)
    source = archives.describe(SOURCE)
    upload = archives.start_upload(KEY)
    store.put(SOURCE, BODY[::-1])
    with pytest.raises(ObjectChangedError):
        archives.copy_part(KEY, upload, 1, source, 0, MIN_PART_BYTES)
    with pytest.raises(ObjectChangedError):
        archives.read(SOURCE, 0, 10, etag=source.etag)
    store.remove(SOURCE)
    with pytest.raises(ObjectMissingError):
        archives.copy_part(KEY, upload, 1, source, 0, MIN_PART_BYTES)
    with pytest.raises(ObjectMissingError):
        archives.describe(SOURCE)
    with pytest.raises(ObjectMissingError):
        archives.load(SOURCE)
    archives.abort_upload(KEY, upload)


def test_a_missing_upload_is_distinguished_from_a_missing_source(store: Store) -> None:
    archives = store.archives
    store.put(SOURCE, BODY)
    source = archives.describe(SOURCE)
    upload = archives.start_upload(KEY)
    etag = archives.upload_part(KEY, upload, 1, b"all")
    archives.abort_upload(KEY, upload)
    archives.abort_upload(KEY, upload)
    with pytest.raises(MultipartUploadMissingError):
        archives.upload_part(KEY, upload, 1, b"all")
    with pytest.raises(MultipartUploadMissingError):
        archives.copy_part(KEY, upload, 1, source, 0, MIN_PART_BYTES)
    with pytest.raises(MultipartUploadMissingError):
        archives.complete_upload(KEY, upload, {1: etag})


def test_missing_parts_are_not_joined(store: Store) -> None:
    upload = store.archives.start_upload(KEY)
    store.archives.upload_part(KEY, upload, 1, b"all")
    with pytest.raises(MultipartUploadMissingError):
        store.archives.complete_upload(KEY, upload, {1: "0" * 32})
    store.archives.abort_upload(KEY, upload)


def test_small_documents_are_saved_and_removed(store: Store) -> None:
    for body in (b"{}", b"[]", b""):
        store.archives.save(SCRATCH, body)
        assert store.archives.load(SCRATCH) == body
    store.archives.remove(SCRATCH)
    store.archives.remove(SCRATCH)
    assert list(store.archives.list_keys("exports/")) == []


def test_many_keys_are_listed(store: Store) -> None:
    keys = [f"exports/a/{number:04}" for number in range(12)]
    for key in keys:
        store.archives.save(key, b"x")
    assert list(store.archives.list_keys("exports/a/")) == keys
    assert list(store.archives.list_keys("exports/b/")) == []


def test_the_checksum_is_correct_and_leaves_no_object(store: Store) -> None:
    store.put(SOURCE, BODY)
    source = store.archives.describe(SOURCE)
    assert store.archives.crc32(source, SCRATCH) == zlib.crc32(BODY)
    assert list(store.archives.list_keys("exports/")) == []
    store.put(SOURCE, BODY[::-1])
    with pytest.raises(ObjectChangedError):
        store.archives.crc32(source, SCRATCH)


def test_the_checksum_of_a_large_object_is_computed_in_parts(stack: LocalStack) -> None:
    archives = S3Archives(
        store_signer(),
        store_endpoint(),
        store_settings.object_bucket,
        SystemClock(),
        copy_conditions=store_settings.copy_conditions,
        max_checksum_copy_bytes=MIN_PART_BYTES,
    )
    client = stack.client("s3")
    client.put_object(Bucket=store_settings.object_bucket, Key=SOURCE, Body=BODY)
    source = archives.describe(SOURCE)
    assert archives.crc32(source, SCRATCH) == zlib.crc32(BODY)
    computes = isinstance(stack.storage, GateStorage)  # Ceph does not
    assert archives.fetched == (0 if computes else len(BODY))
    client.put_object(Bucket=store_settings.object_bucket, Key=SOURCE, Body=BODY[::-1])
    with pytest.raises(ObjectChangedError):
        archives.crc32(source, SCRATCH)
    assert list(archives.list_keys("exports/")) == []
    assert list(archives.list_uploads("exports/")) == []


def test_ranges_are_returned_in_order_and_errors_in_place(store: Store) -> None:
    archives = store.archives
    store.put(SOURCE, BODY)
    etag = archives.describe(SOURCE).etag
    size = len(BODY)
    good = [ObjectRange(SOURCE, start, MIB, size, etag) for start in range(0, 8 * MIB, MIB)]
    missing = ObjectRange("objects/none", 0, 5, 5, None)
    other = ObjectRange(SOURCE, 0, 5, size, "0" * 32)
    longer = ObjectRange(SOURCE, 0, 5, 5, None)
    shorter = ObjectRange(SOURCE, size - 5, 10, size + 5, None)
    announced = [*good[:3], missing, *good[3:5], other, longer, shorter, *good[5:]]
    with archives.read_ahead(announced, 3 * MIB) as reader:
        for wanted in announced:
            if wanted in good:
                start = wanted.start
                assert bytes(reader.take(wanted)) == BODY[start : start + MIB]
            elif wanted is missing:
                with pytest.raises(ObjectMissingError):
                    reader.take(wanted)
            else:
                with pytest.raises(ObjectChangedError):
                    reader.take(wanted)
            reader.release()


def test_ranges_can_be_skipped_and_held_together(store: Store) -> None:
    archives = store.archives
    store.put(SOURCE, BODY)
    announced = [ObjectRange(SOURCE, n * MIB, MIB, len(BODY), None) for n in range(12)]
    with archives.read_ahead(announced, 4 * MIB) as reader:
        reader.take(announced[1])
        reader.release()
        held = [reader.take(wanted) for wanted in announced[5:8]]
        assert b"".join(held) == BODY[5 * MIB : 8 * MIB]
        reader.release()
        assert bytes(reader.take(announced[11])) == BODY[11 * MIB :]


def test_reading_ahead_can_be_stopped_at_any_time(store: Store) -> None:
    store.put(SOURCE, BODY)
    announced = [ObjectRange(SOURCE, n * MIB, MIB, len(BODY), None) for n in range(12)]
    with store.archives.read_ahead(announced, 4 * MIB) as reader:
        reader.take(announced[0])


def test_parallel_work_covers_all_items_and_raises_the_first_error(store: Store) -> None:
    assert sorted(store.archives.in_parallel(lambda n: n * n, range(20))) == [
        (n, n * n) for n in range(20)
    ]
    with pytest.raises(ZeroDivisionError):
        list(store.archives.in_parallel(lambda n: 1 // n, [1, 0, 2]))
    assert list(store.archives.in_parallel(str, [])) == []


def test_a_copy_for_a_checksum_has_no_tags(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, archives = stack.client("s3"), on_s3(stack).archives
    bucket = store_settings.object_bucket
    client.put_object(Bucket=bucket, Key=SOURCE, Body=BODY, Tagging="a=b")
    monkeypatch.setattr(archives, "remove", lambda _key: None)
    archives.crc32(archives.describe(SOURCE), KEY)
    assert client.get_object_tagging(Bucket=bucket, Key=KEY)["TagSet"] == []

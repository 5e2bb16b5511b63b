"""Contract of the Objects port, for its fake and for S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.awsrequest import AWSRequest

from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.domain.errors import ObjectChangedError, ObjectExistsError, ObjectMissingError
from coffer.domain.objects import Objects, StoredObject
from coffer.http.conditions import http_date
from coffer.settings import store_settings
from local.stack import LocalStack
from tests.contract.restricted_lists import restrict_lists
from tests.fakes import FrozenClock, InMemoryObjects
from tests.fakes.objects import crc32_of, etag_of, sha1_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY, FINAL = "incoming/aafc/käfer 1+2", "objects/aafc/x.png"
BODY = b"the bytes of a file"
OTHER = b"other bytes"


class Arrive(Protocol):
    """A function that puts a file into the store as a client does."""

    def __call__(
        self, body: bytes = BODY, *, metadata: Mapping[str, str] = ..., checksum: str = ""
    ) -> StoredObject: ...


@dataclass
class Store:
    """The port, and what clients do without it."""

    objects: Objects
    arrive: Arrive
    bytes_read: Callable[[], int]

    def __post_init__(self) -> None:
        self.write = self.objects.write


def in_memory(*, copy_conditions: bool = True, checksums: bool = True) -> Store:
    objects = InMemoryObjects(FrozenClock(), copy_conditions=copy_conditions, checksums=checksums)

    def arrive(
        body: bytes = BODY, *, metadata: Mapping[str, str] = {}, checksum: str = ""
    ) -> StoredObject:
        return objects.arrive(
            KEY,
            body,
            metadata,
            sha1_hex=sha1_of(body) if checksum == "SHA1" else None,
            crc32=crc32_of(body) if checksum == "CRC32" else None,
        )

    return Store(objects, arrive, lambda: objects.bytes_read)


def on_s3(stack: LocalStack, client: S3Client, *, copy_conditions: bool = True) -> Store:
    objects = S3Objects(client, store_settings.object_bucket, copy_conditions=copy_conditions)

    def arrive(
        body: bytes = BODY, *, metadata: Mapping[str, str] = {}, checksum: str = ""
    ) -> StoredObject:
        asked: dict[str, Any] = {"ChecksumAlgorithm": checksum} if checksum else {}
        stack.client("s3").put_object(
            Bucket=store_settings.object_bucket,
            Key=KEY,
            Body=body,
            Metadata=dict(metadata),
            **asked,
        )
        return objects.describe(KEY)

    return Store(objects, arrive, lambda: objects.bytes_read)


def without_conditions(request: AWSRequest, **_: object) -> None:
    """Remove the headers that some stores ignore."""
    for name in ("x-amz-copy-source-if-match", "x-amz-copy-if-match", "If-None-Match"):
        del request.headers[name]


@pytest.fixture(params=["in memory", "S3", "S3 with restricted lists"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "in memory":
        return in_memory()
    if request.param == "S3 with restricted lists":
        restrict_lists(monkeypatch)
    return on_s3(request.getfixturevalue("stack"), s3_client())


@pytest.fixture(params=["in memory", "S3"])
def store_without_conditions(request: pytest.FixtureRequest) -> Store:
    """Return a store that ignores conditions on copies."""
    if request.param == "in memory":
        return in_memory(copy_conditions=False)
    client = s3_client()
    store = on_s3(request.getfixturevalue("stack"), client, copy_conditions=False)
    client.meta.events.register("before-sign.s3.CopyObject", without_conditions)
    return store


def put(store: Store, key: str, body: bytes = BODY) -> StoredObject:
    store.objects.replace(key, body, content_type="text/plain")
    return store.objects.describe(key)


def is_missing(store: Store, key: str) -> bool:
    try:
        store.objects.describe(key)
    except ObjectMissingError:
        return True
    return False


def read_all(store: Store, key: str) -> bytes:
    stored = store.objects.describe(key)
    return store.objects.read(key, 0, stored.size_bytes, etag=stored.etag)


# ---------------------------------------------------------------- describe, read


def test_an_arrived_object_is_described_with_its_metadata(store: Store) -> None:
    arrived = store.arrive(metadata={"coffer-grant": "abc"})
    described = store.objects.describe(KEY)
    assert described == arrived
    assert (described.key, described.size_bytes) == (KEY, len(BODY))
    assert described.etag == etag_of(BODY)
    assert described.metadata == {"coffer-grant": "abc"}
    assert described.last_modified.tzinfo is not None


@pytest.mark.parametrize(
    ("checksum", "known"),
    [
        ("SHA1", (sha1_of(BODY), None)),
        ("CRC32", (None, crc32_of(BODY))),
        ("", (None, None)),
    ],
)
def test_checksums_of_the_store_are_read(
    store: Store, checksum: str, known: tuple[str | None, str | None]
) -> None:
    store.arrive(checksum=checksum)
    described = store.objects.describe(KEY)
    # Without one, boto3 may give S3's default, CRC-64, or CRC-32.
    assert (described.sha1_hex, described.crc32) in (known, (known[0], crc32_of(BODY)))


def test_a_missing_object_raises(store: Store) -> None:
    with pytest.raises(ObjectMissingError):
        store.objects.describe(KEY)
    with pytest.raises(ObjectMissingError):
        store.objects.read(KEY, 0, 10, etag=etag_of(BODY))
    with pytest.raises(ObjectMissingError):
        store.objects.digest(KEY)


@pytest.mark.parametrize(
    ("start", "length", "piece"),
    [
        (0, 3, BODY[:3]),
        (4, 5, BODY[4:9]),
        (0, len(BODY), BODY),
        (len(BODY) - 1, 1, BODY[-1:]),
        (len(BODY) - 2, 100, BODY[-2:]),
        (0, 10_000, BODY),
        (5, 0, b""),
        (len(BODY), 0, b""),
        (5, -1, b""),
    ],
)
def test_a_byte_range_is_read(store: Store, start: int, length: int, piece: bytes) -> None:
    arrived = store.arrive()
    before = store.bytes_read()
    assert store.objects.read(KEY, start, max(length, 0), etag=arrived.etag) == piece
    assert store.bytes_read() - before == len(piece)


def test_a_changed_object_is_not_read(store: Store) -> None:
    arrived = store.arrive()
    store.arrive(OTHER)
    with pytest.raises(ObjectChangedError):
        store.objects.read(KEY, 0, 3, etag=arrived.etag)


def test_a_digest_covers_all_bytes(store: Store) -> None:
    body = bytes(range(256)) * 10_000
    store.arrive(body)
    before = store.bytes_read()
    assert store.objects.digest(KEY) == (sha1_of(body), crc32_of(body))
    assert store.bytes_read() - before == len(body)


# ---------------------------------------------------------------- write, replace, remove


def test_a_written_object_has_its_type_and_hash(store: Store) -> None:
    store.objects.write(FINAL, BODY, content_type="image/png", sha1_hex=sha1_of(BODY))
    described = store.objects.describe(FINAL)
    assert (described.content_type, described.sha1_hex) == ("image/png", sha1_of(BODY))
    assert described.metadata == {}
    assert read_all(store, FINAL) == BODY


def test_an_existing_object_is_not_overwritten(store: Store) -> None:
    store.objects.write(FINAL, BODY, content_type="image/png", sha1_hex=sha1_of(BODY))
    with pytest.raises(ObjectExistsError):
        store.objects.write(FINAL, OTHER, content_type="image/png", sha1_hex=sha1_of(OTHER))
    assert read_all(store, FINAL) == BODY


def test_bytes_with_a_wrong_hash_are_not_stored(store: Store) -> None:
    with suppress(Exception):
        store.objects.write(FINAL, BODY, content_type="image/png", sha1_hex=sha1_of(OTHER))
    assert is_missing(store, FINAL)


def test_an_empty_object_can_be_written(store: Store) -> None:
    store.objects.write(FINAL, b"", content_type="text/plain", sha1_hex=sha1_of(b""))
    assert store.objects.describe(FINAL).size_bytes == 0


def test_replacing_writes_a_new_or_an_existing_object(store: Store) -> None:
    for body in (BODY, OTHER, OTHER):
        store.objects.replace(FINAL, body, content_type="image/jpeg")
    assert read_all(store, FINAL) == OTHER
    assert store.objects.describe(FINAL).content_type == "image/jpeg"


def test_a_removed_object_is_gone_and_may_be_removed_again(store: Store) -> None:
    store.arrive()
    for _ in range(2):
        store.objects.remove(KEY)
    assert is_missing(store, KEY)


def test_an_object_with_another_etag_is_not_removed(store: Store) -> None:
    arrived = store.arrive()
    store.arrive(OTHER)
    with pytest.raises(ObjectChangedError):
        store.objects.remove(KEY, etag=arrived.etag)
    assert read_all(store, KEY) == OTHER
    store.objects.remove(KEY, etag=etag_of(OTHER))
    assert is_missing(store, KEY)
    store.objects.remove(KEY, etag=etag_of(OTHER))


# ---------------------------------------------------------------- promote


@pytest.mark.parametrize(
    ("checksum", "known"), [("SHA1", (sha1_of(BODY), None)), ("CRC32", (None, crc32_of(BODY)))]
)
def test_a_promoted_object_is_a_copy_with_its_own_type_and_checksum(
    store: Store, checksum: str, known: tuple[str | None, str | None]
) -> None:
    arrived = store.arrive(metadata={"coffer-grant": "abc"})
    promoted = store.objects.promote(arrived, FINAL, content_type="image/png", checksum=checksum)
    assert (promoted.key, promoted.size_bytes) == (FINAL, len(BODY))
    assert (promoted.sha1_hex, promoted.crc32) == known
    assert (promoted.content_type, promoted.metadata) == ("image/png", {})
    described = store.objects.describe(FINAL)
    assert http_date(described.last_modified) == http_date(promoted.last_modified)
    assert replace(described, last_modified=promoted.last_modified) == promoted
    assert read_all(store, FINAL) == BODY
    assert read_all(store, KEY) == BODY


def test_promoting_twice_keeps_the_first_copy(store: Store) -> None:
    arrived = store.arrive()
    first = store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    again = store.objects.promote(arrived, FINAL, content_type="text/plain", checksum="CRC32")
    assert again.sha1_hex == first.sha1_hex
    assert (again.key, again.content_type) == (FINAL, "image/png")


@pytest.mark.parametrize("meanwhile", ["gone", "replaced"])
def test_an_earlier_copy_is_accepted_after_its_source_was_removed(
    store: Store, meanwhile: str
) -> None:
    arrived = store.arrive()
    store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    if meanwhile == "gone":
        store.objects.remove(KEY)
    else:
        store.arrive(OTHER)
    again = store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    assert (again.key, again.sha1_hex) == (FINAL, sha1_of(BODY))
    assert read_all(store, FINAL) == BODY


def test_a_changed_source_is_not_promoted(store: Store) -> None:
    arrived = store.arrive()
    store.arrive(OTHER)
    with pytest.raises(ObjectChangedError):
        store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    assert is_missing(store, FINAL)
    assert read_all(store, KEY) == OTHER


def test_a_missing_source_is_not_promoted(store: Store) -> None:
    arrived = store.arrive()
    store.objects.remove(KEY)
    with pytest.raises(ObjectChangedError):
        store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    assert is_missing(store, FINAL)


def test_a_store_without_conditions_promotes_too(store_without_conditions: Store) -> None:
    arrived = store_without_conditions.arrive()
    promote = store_without_conditions.objects.promote
    for _ in range(2):
        promoted = promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
        assert promoted.sha1_hex == sha1_of(BODY)
    assert read_all(store_without_conditions, FINAL) == BODY


def test_a_wrong_copy_in_a_store_without_conditions_is_removed(
    store_without_conditions: Store,
) -> None:
    arrived = store_without_conditions.arrive()
    store_without_conditions.arrive(OTHER)
    with pytest.raises(ObjectChangedError):
        store_without_conditions.objects.promote(
            arrived, FINAL, content_type="image/png", checksum="SHA1"
        )
    assert is_missing(store_without_conditions, FINAL)


def test_an_earlier_wrong_copy_in_a_store_without_conditions_is_not_accepted(
    store_without_conditions: Store,
) -> None:
    arrived = store_without_conditions.arrive()
    put(store_without_conditions, FINAL, OTHER)
    store_without_conditions.objects.remove(KEY)
    with pytest.raises(ObjectChangedError):
        store_without_conditions.objects.promote(
            arrived, FINAL, content_type="image/png", checksum="SHA1"
        )
    assert is_missing(store_without_conditions, FINAL)


def test_a_store_without_conditions_does_not_promote_a_missing_source(
    store_without_conditions: Store,
) -> None:
    arrived = store_without_conditions.arrive()
    store_without_conditions.objects.remove(KEY)
    with pytest.raises(ObjectChangedError):
        store_without_conditions.objects.promote(
            arrived, FINAL, content_type="image/png", checksum="SHA1"
        )


# ---------------------------------------------------------------- older_than


def test_old_objects_are_listed_in_the_order_of_their_keys(store: Store) -> None:
    for key in ("incoming/b/2", "incoming/a/1", "incoming/a/2", "objects/a/1"):
        put(store, key)
    stored = store.objects.describe("incoming/a/1")
    later = stored.last_modified + timedelta(seconds=5)
    found = list(store.objects.written_before("incoming/", later))
    assert [one.key for one in found] == ["incoming/a/1", "incoming/a/2", "incoming/b/2"]
    assert (found[0].size_bytes, found[0].etag) == (len(BODY), etag_of(BODY))
    assert found[0].last_modified.replace(microsecond=0) == stored.last_modified.replace(
        microsecond=0
    )


def test_newer_objects_are_not_listed(store: Store) -> None:
    stored = put(store, "incoming/a/1")
    early = stored.last_modified - timedelta(seconds=5)
    assert list(store.objects.written_before("incoming/", early)) == []
    assert list(store.objects.written_before("nothing/", early + timedelta(days=1))) == []


def test_old_objects_may_be_removed_while_they_are_listed(store: Store) -> None:
    for number in range(3):
        put(store, f"incoming/a/{number}")
    later = store.objects.describe("incoming/a/0").last_modified + timedelta(seconds=5)
    for one in store.objects.written_before("incoming/", later):
        store.objects.remove(one.key, etag=one.etag)
    assert list(store.objects.written_before("incoming/", later)) == []


def test_tags_are_not_copied(stack: LocalStack) -> None:
    """Copying them needs s3:GetObjectTagging and s3:PutObjectTagging, which no function has."""
    client, store = stack.client("s3"), on_s3(stack, s3_client())
    client.put_object(Bucket=store_settings.object_bucket, Key=KEY, Body=BODY, Tagging="a=b")
    store.objects.promote(store.objects.describe(KEY), FINAL, content_type="a/b", checksum="SHA1")
    tags = client.get_object_tagging(Bucket=store_settings.object_bucket, Key=FINAL)["TagSet"]
    assert tags == []

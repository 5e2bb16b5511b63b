"""Contracts of the Sessions, GroupGrants and MultipartStore ports, for fakes, DynamoDB and S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.adapters.dynamodb.sessions.sessions import DynamoGroupGrants, DynamoSessions
from coffer.adapters.s3.multipart_store import S3MultipartStore
from coffer.adapters.s3.objects import s3_client
from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.system_clock import SystemClock
from coffer.domain.errors import (
    MultipartUploadMissingError,
    PartsRefusedError,
    RecordChangedError,
    RecordExistsError,
)
from coffer.domain.sessions.ports import GroupGrants, MultipartStore, Sessions
from coffer.domain.sessions.record import (
    MAX_PARTS,
    MIN_PART_BYTES,
    GroupGrant,
    SessionStatus,
    StoredPart,
    UploadSession,
)
from coffer.domain.uploads.grant import METADATA_NAME
from coffer.settings import store_settings
from local.stack import LocalStack
from tests.fakes.clocks import NOON, FrozenClock
from tests.fakes.objects import crc32_of, etag_of
from tests.fakes.records import FILE, identifier
from tests.fakes.sessions import InMemoryGroupGrants, InMemoryMultipartStore, InMemorySessions

KEY = f"incoming/aafc/{FILE}"
FIRST, LAST = b"a" * MIN_PART_BYTES, b"the end"


def session(**changes: Any) -> UploadSession:
    """Return a session from noon."""
    values: dict[str, Any] = {
        "identifier": FILE,
        "bucket": "AAFC",
        "created_by": "alice",
        "created_on": NOON,
        "grant": "e30",
        "store_upload": "2~Kx",
        "max_bytes": 5 * 1024**4,
        "due_on": NOON + timedelta(days=6),
        "expires_at": NOON.replace(microsecond=0) + timedelta(days=8),
    }
    return UploadSession(**values | changes)


@pytest.fixture(params=["in memory", "DynamoDB"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "in memory":
        return InMemorySessions(FrozenClock())
    request.getfixturevalue("stack")
    return DynamoSessions(FrozenClock())


@pytest.fixture(params=["in memory", "DynamoDB"])
def grants(request: pytest.FixtureRequest) -> GroupGrants:
    if request.param == "in memory":
        return InMemoryGroupGrants(FrozenClock())
    request.getfixturevalue("stack")
    return DynamoGroupGrants(FrozenClock())


MANY = tuple(
    StoredPart(number, etag_of(b"%d" % number), 525_000_000) for number in range(1, 10_001)
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"owner_subject": "s", "size_in_bytes": 10, "part_bytes": 10, "crc32": "00000000"},
        {"status": SessionStatus.COMPLETED, "due_on": None, "parts": MANY},
    ],
)
def test_a_session_is_kept_with_all_its_attributes(
    sessions: Sessions, changes: dict[str, Any]
) -> None:
    added = sessions.add(session(**changes))
    assert added == replace(session(**changes), revision=1)
    assert sessions.get(FILE) == added
    assert len(added.parts) in (0, MAX_PARTS)


def test_a_session_is_added_once_and_changed_by_one_of_two_requests(sessions: Sessions) -> None:
    added = sessions.add(session())
    with pytest.raises(RecordExistsError):
        sessions.add(session())
    completing = sessions.replace(added, added.completing([StoredPart(1, "e", 7)]))
    assert sessions.get(FILE) == completing
    with pytest.raises(RecordChangedError):
        sessions.replace(added, added.aborted(NOON))


def test_an_expired_session_is_not_found(sessions: Sessions) -> None:
    sessions.add(session(expires_at=NOON.replace(microsecond=0)))
    assert sessions.get(FILE) is None
    assert sessions.get(identifier(2)) is None


def test_due_sessions_are_listed(sessions: Sessions) -> None:
    for number, due_on in enumerate((NOON, NOON + timedelta(hours=2), None)):
        sessions.add(session(identifier=identifier(number), due_on=due_on))
    assert list(sessions.due(NOON)) == []
    assert list(sessions.due(NOON + timedelta(hours=1))) == [identifier(0)]
    assert set(sessions.due(NOON + timedelta(days=1))) == {identifier(0), identifier(1)}


def test_a_grant_is_kept_until_it_expires_or_is_removed(grants: GroupGrants) -> None:
    grant = GroupGrant(
        identifier=FILE,
        digest="0" * 64,
        bucket="AAFC",
        max_bytes=7,
        created_by="alice",
        owner_subject="s",
        expires_at=NOON.replace(microsecond=0) + timedelta(hours=1),
    )
    assert grants.get(FILE) is None
    grants.add(grant)
    assert grants.get(FILE) == grant
    grants.remove(FILE)
    grants.remove(FILE)
    assert grants.get(FILE) is None
    grants.add(replace(grant, expires_at=NOON.replace(microsecond=0)))
    assert grants.get(FILE) is None


def test_a_grant_is_no_session(stack: LocalStack) -> None:
    sessions, grants = DynamoSessions(FrozenClock()), DynamoGroupGrants(FrozenClock())
    sessions.add(session())
    assert grants.get(FILE) is None


@dataclass
class Store:
    """The port, how a client uploads a part, and the bytes of an object."""

    port: MultipartStore
    put: Callable[[str, int, bytes], str]
    read: Callable[[str], bytes]


@pytest.fixture(params=["in memory", "S3"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "in memory":
        fake = InMemoryMultipartStore()
        return Store(fake, fake.put, lambda key: fake.objects[key])
    request.getfixturevalue("stack")
    client, bucket = s3_client(), store_settings.object_bucket

    def put(upload: str, number: int, body: bytes) -> str:
        response = client.upload_part(
            Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=body
        )
        return response["ETag"].strip('"')

    def read(key: str) -> bytes:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()

    port = S3MultipartStore(store_signer(), store_endpoint(), bucket, SystemClock())
    return Store(port, put, read)


def test_parts_become_one_object(store: Store) -> None:
    upload = store.port.create(KEY, grant="e30", media_type="video/mp4")
    assert list(store.port.parts(KEY, upload)) == []
    etags = {number: store.put(upload, number, body) for number, body in ((2, LAST), (1, FIRST))}
    parts = store.port.parts(KEY, upload)
    assert list(parts) == [
        StoredPart(1, etags[1], len(FIRST)),
        StoredPart(2, etags[2], len(LAST)),
    ]
    store.port.complete(KEY, upload, parts, crc32=crc32_of(FIRST + LAST))
    assert store.read(KEY) == FIRST + LAST
    for call in (
        lambda: store.port.parts(KEY, upload),
        lambda: store.port.complete(KEY, upload, parts, crc32=None),
    ):
        with pytest.raises(MultipartUploadMissingError):
            call()


@pytest.mark.parametrize("reason", ["BadDigest", "InvalidPart", "EntityTooSmall"])
def test_the_store_refuses_parts_and_keeps_them(store: Store, reason: str) -> None:
    upload = store.port.create(KEY, grant="e30", media_type=None)
    store.put(upload, 1, LAST if reason == "EntityTooSmall" else FIRST)
    store.put(upload, 2, LAST)
    parts = store.port.parts(KEY, upload)
    if reason == "InvalidPart":
        store.put(upload, 2, b"other bytes")
    with pytest.raises(PartsRefusedError) as refused:
        store.port.complete(KEY, upload, parts, crc32="00000000" if reason == "BadDigest" else None)
    assert refused.value.code == reason
    assert len(store.port.parts(KEY, upload)) == 2


def test_an_aborted_upload_is_gone(store: Store) -> None:
    upload = store.port.create(KEY, grant="e30", media_type=None)
    store.put(upload, 1, LAST)
    store.port.abort(KEY, upload)
    store.port.abort(KEY, upload)
    with pytest.raises(MultipartUploadMissingError):
        store.port.parts(KEY, upload)


def test_an_object_has_its_grant_its_type_and_a_checksum(stack: LocalStack) -> None:
    port = S3MultipartStore(
        store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
    )
    upload = port.create(KEY, grant="e30", media_type="text/x-log; charset=utf-8")
    client, bucket = s3_client(), store_settings.object_bucket
    client.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=1, Body=LAST)
    port.complete(KEY, upload, port.parts(KEY, upload), crc32=None)
    head = client.head_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert head["Metadata"] == {METADATA_NAME: "e30"}
    assert head["ContentType"] == "text/x-log; charset=utf-8"
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert "ChecksumCRC32" in head


def test_all_pages_of_the_list_of_parts_are_read(stack: LocalStack) -> None:
    """S3 lists at most 1,000 parts at once."""
    port = S3MultipartStore(
        store_signer(), store_endpoint(), store_settings.object_bucket, SystemClock()
    )
    upload = port.create(KEY, grant="e30", media_type=None)
    client, bucket = s3_client(), store_settings.object_bucket
    for number in range(1, 1003):
        client.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=b"x")
    assert [part.number for part in port.parts(KEY, upload)] == list(range(1, 1003))

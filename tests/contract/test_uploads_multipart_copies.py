"""Contract of the MultipartCopies port, for its fake and for S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.multipart_copies import S3MultipartCopies
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.sqs.processing_queue import large_arrivals
from coffer.adapters.system_clock import SystemClock
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.completion import PromotionOutcome
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.large_files import MultipartLargeFiles
from coffer.domain.uploads.ports import MultipartCopies, PartRange
from coffer.domain.uploads.promotion import Promotion
from coffer.settings import messaging_settings, store_settings, upload_settings
from local.stack import LocalStack
from tests.fakes import FrozenClock, InMemoryMultipartCopies, InMemoryObjects
from tests.fakes.objects import sha1_of
from tests.fakes.records import FILE

KEY, FINAL = "incoming/aafc/käfer 1+2", "objects/aafc/x.bin"
PART = 5 * 1024**2
"""The smallest part that S3 takes in the middle of an upload."""
BODY = b"the bytes of a large file " * 450_000
PART_RANGES = [
    PartRange(number, start, min(PART, len(BODY) - start))
    for number, start in enumerate(range(0, len(BODY), PART), 1)
]


@dataclass
class Store:
    """The port, the objects it copies, and how a client puts one there."""

    copies: MultipartCopies
    objects: Objects
    arrive: Callable[[bytes], StoredObject]


@pytest.fixture(params=["in memory", "S3", "S3 without conditions"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "in memory":
        fake = InMemoryObjects(FrozenClock())
        return Store(InMemoryMultipartCopies(fake), fake, lambda body: fake.arrive(KEY, body))
    request.getfixturevalue("stack")
    client, conditions = s3_client(), request.param == "S3"
    objects = S3Objects(client, store_settings.object_bucket, copy_conditions=conditions)
    copies = S3MultipartCopies(
        client, store_settings.object_bucket, objects, copy_conditions=conditions
    )

    def arrive(body: bytes) -> StoredObject:
        client.put_object(Bucket=store_settings.object_bucket, Key=KEY, Body=body)
        return objects.describe(KEY)

    return Store(copies, objects, arrive)


def test_parts_become_one_object(store: Store) -> None:
    source = store.arrive(BODY)
    upload = store.copies.create(FINAL, content_type="video/mp4")
    assert set(store.copies.part_numbers(FINAL, upload)) == set()
    store.copies.copy_parts(FINAL, upload, source, PART_RANGES[1:])
    assert set(store.copies.part_numbers(FINAL, upload)) == {2, 3}
    with pytest.raises(ObjectMissingError):
        store.copies.describe(FINAL)
    store.copies.copy_parts(FINAL, upload, source, PART_RANGES[:2])
    made = store.copies.complete(FINAL, upload)
    assert (made.key, made.size_bytes, made.content_type) == (FINAL, len(BODY), "video/mp4")
    assert made.sha1_hex is None
    assert made.etag.endswith("-3")
    assert store.objects.digest(FINAL)[0] == sha1_of(BODY)
    with pytest.raises(MultipartUploadMissingError):
        store.copies.part_numbers(FINAL, upload)
    with pytest.raises(MultipartUploadMissingError):
        store.copies.complete(FINAL, upload)


def test_a_changed_or_missing_source_is_not_copied(store: Store) -> None:
    source = store.arrive(BODY)
    upload = store.copies.create(FINAL, content_type="video/mp4")
    store.arrive(BODY + b"x")
    with pytest.raises(ObjectChangedError):
        store.copies.copy_parts(FINAL, upload, source, PART_RANGES[:1])
    store.objects.remove(KEY)
    with pytest.raises(ObjectMissingError):
        store.copies.copy_parts(FINAL, upload, source, PART_RANGES[:1])


def test_an_abandoned_upload_is_gone(store: Store) -> None:
    upload = store.copies.create(FINAL, content_type="video/mp4")
    store.copies.abort(FINAL, upload)
    store.copies.abort(FINAL, upload)
    with pytest.raises(MultipartUploadMissingError):
        store.copies.part_numbers(FINAL, upload)
    with pytest.raises(MultipartUploadMissingError):
        store.copies.copy_parts(FINAL, upload, store.arrive(BODY), PART_RANGES[:1])


def test_a_large_file_is_promoted_with_tables_queue_and_store(stack: LocalStack) -> None:
    """As promote_large_upload is put together, but for how much counts as large."""
    client, uploads = s3_client(), DynamoUploads()
    objects = S3Objects(client, store_settings.object_bucket)
    left = iter([timedelta(minutes=15), timedelta(minutes=1)])
    promotion = Promotion(
        uploads=uploads,
        objects=objects,
        clock=SystemClock(),
        max_bytes=upload_settings.max_upload_bytes,
        stream_hash_limit_bytes=upload_settings.stream_hash_limit_bytes,
        large_files=MultipartLargeFiles(
            uploads=uploads,
            copies=S3MultipartCopies(client, store_settings.object_bucket, objects),
            queue=large_arrivals(
                messaging_settings.promote_large_upload_queue_url, store_settings.object_bucket
            ),
            remaining=lambda: next(left),
            part_bytes=PART,
        ),
        max_copy_bytes=PART,
    )
    grant = UploadGrant(
        bucket="aafc", created_by="alice", original_filename="a.txt", received_media_type=None
    )
    key = f"incoming/aafc/{FILE}"
    client.put_object(
        Bucket=store_settings.object_bucket,
        Key=key,
        Body=BODY,
        Metadata={METADATA_NAME: grant.encode()},
    )
    assert promotion.process(key) is PromotionOutcome.MOVING
    [message] = stack.messages("PromoteLargeUploadQueue")
    assert message["detail"]["object"]["key"] == key
    assert promotion.process(key) is PromotionOutcome.AVAILABLE
    record = uploads.get(FILE)
    assert record is not None
    assert record.content.sha1_hex == sha1_of(BODY)
    assert record.copy_identifier is None
    assert objects.describe(str(record.object_key)).size_bytes == len(BODY)
    with pytest.raises(ObjectMissingError):
        objects.describe(key)

"""Write many records into a stack, to list, filter and page through.

Each record is an upload with its metadata, as the API would have written them, and the object of
the upload has one or two KB of text. Set the environment before importing this module, because
adapters read their settings when they are imported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1
from uuid import UUID

from coffer.adapters.dynamodb.changes.snapshots import SnapshotItem
from coffer.adapters.dynamodb.listing.counts import CountItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.domain.changes.publish import describe_change
from coffer.domain.media_types import DcType
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import (
    HASH_FUNCTION,
    Content,
    ObjectUpload,
    ThumbnailStatus,
    UploadStatus,
)
from coffer.settings import store_settings

BUCKETS = ("seeded", "seeded-2", "seeded-3", "seeded-4")
KINDS = (
    (DcType.IMAGE, "image/tiff", ".tif"),
    (DcType.SOUND, "audio/x-wav", ".wav"),
    (DcType.TEXT, "application/pdf", ".pdf"),
    (DcType.DATASET, "text/csv", ".csv"),
    (DcType.UNDETERMINED, "application/octet-stream", ".bin"),
)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_WRITERS = 8
_BATCH_SIZE = 500
"""Files that are written before progress is reported."""

ReportProgress = Callable[[int, int], None]
"""Receives the number of files written so far, and of all files."""


def seed(
    count: int,
    report: ReportProgress = lambda _done, _total: None,
    *,
    first: int = 0,
    with_objects: bool = True,
) -> None:
    """Write `count` files, numbered from `first`; their objects only if `with_objects`.

    A number always stands for the same records, so seeding twice changes nothing.
    """
    for start in range(first, first + count, _BATCH_SIZE):
        numbers = range(start, min(start + _BATCH_SIZE, first + count))
        files = [described_file(number) for number in numbers]
        if with_objects:
            _write_objects(numbers)
        _write_snapshots(record for file in files for record in file)
        with UploadItem.batch_write() as uploads, MetadataItem.batch_write() as descriptions:
            for upload, metadata in files:
                uploads.save(UploadItem.of(upload))
                descriptions.save(MetadataItem.of(metadata))
        report(numbers.stop - first, count)


def _write_objects(numbers: Iterable[int]) -> None:
    """Write the objects of the files with these numbers, before their records."""
    objects = S3Objects(s3_client(), store_settings.object_bucket)

    def write(number: int) -> None:
        upload, _ = described_file(number)
        body, media_type = file_content(number), upload.content.evaluated_media_type
        objects.replace(str(upload.object_key), body, content_type=media_type)

    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(write, numbers))


def _write_snapshots(records: Iterable[ObjectUpload | Metadata]) -> None:
    """Write the audit snapshots of records before the records, and add them to the counters.

    The change stream needs minutes for thousands of records. It skips a record whose snapshot
    exists, so nothing is counted twice. The same holds if the same numbers are seeded again.
    """
    described = (describe_change(None, record, EPOCH) for record in records)
    changes = [change for change in described if change is not None]
    keys = [(change.snapshot["instanceId"], change.snapshot["version"]) for change in changes]
    known = {item.instance_id for item in SnapshotItem.batch_get(keys)}
    new = [change for change in changes if change.snapshot["instanceId"] not in known]
    with SnapshotItem.batch_write() as audit:
        for change in new:
            audit.save(SnapshotItem.of(change.snapshot))
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for count in (count for change in new for count in change.counter_changes):
        numbers = {"records": count.records, "public": count.public_records}
        sums[count.kind.value, count.bucket_key].update(numbers)
    for (kind, bucket_key), sum_ in sums.items():
        CountItem(kind, bucket_key).update(
            actions=[
                CountItem.records.add(sum_["records"]),
                CountItem.public_records.add(sum_["public"]),
            ]
        )


def described_file(number: int) -> tuple[ObjectUpload, Metadata]:
    """Return the upload and the metadata with this number; types and buckets alternate."""
    kind, media_type, extension = KINDS[number % len(KINDS)]
    bucket = BUCKETS[number // len(KINDS) % len(BUCKETS)]
    created_on = EPOCH + timedelta(seconds=number)
    file_identifier, identifier = (
        _identifier(created_on, number, 1),
        _identifier(created_on, number, 2),
    )
    name = file_name(number)
    body = file_content(number)
    digest = sha1(body, usedforsecurity=False).hexdigest()
    upload = ObjectUpload(
        file_identifier=file_identifier,
        bucket=bucket,
        is_derivative=False,
        original_filename=name,
        received_media_type=media_type,
        created_by="seed",
        created_on=created_on,
        status=UploadStatus.AVAILABLE,
        object_key=f"objects/{bucket}/{file_identifier}{extension}",
        stored_etag=md5(body, usedforsecurity=False).hexdigest(),
        inspected_content=Content(
            detected_media_type=media_type,
            detected_file_extension=extension,
            evaluated_media_type=media_type,
            evaluated_file_extension=extension,
            dc_type=kind,
            size_in_bytes=len(body),
            sha1_hex=digest,
        ),
        thumbnail_status=ThumbnailStatus.UNSUPPORTED,
        claimed_by=f"metadata/{identifier}",
        version=1,
        revision=2,
    )
    metadata = Metadata(
        identifier=identifier,
        bucket=bucket,
        created_by="seed",
        created_on=created_on,
        xmp_metadata_date=created_on + timedelta(days=number % 7),
        dc_type=kind,
        dc_format=media_type,
        publicly_releasable=kind is DcType.IMAGE,
        file_identifier=file_identifier,
        original_filename=name,
        filename=name,
        file_extension=extension,
        ac_caption=f"Sheet {number} of the seeded herbarium",
        ac_hash_function=HASH_FUNCTION,
        ac_hash_value=digest,
        ac_tags=("seeded", f"box-{number % 100}"),
    )
    return upload, metadata


def file_content(number: int) -> bytes:
    """Return the bytes of the file with this number: its name, many times."""
    size = 1000 + number % 1000
    return (f"{file_name(number)}\n" * size).encode()[:size]


def file_name(number: int) -> str:
    """Return the original filename of the file with this number."""
    return f"specimen-{number:06}{KINDS[number % len(KINDS)][2]}"


def _identifier(moment: datetime, number: int, what: int) -> str:
    """Return a UUIDv7 of this moment (RFC 9562, 5.7), always the same for the same arguments."""
    # A hash for the random bits: the last digit chooses the shard of a record.
    random_bits = int.from_bytes(
        sha1(f"{what}/{number}".encode(), usedforsecurity=False).digest()[:7], "big"
    )
    milliseconds = int(moment.timestamp() * 1000)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | random_bits))


def progress_line(write: Callable[[str], object]) -> ReportProgress:
    """Return a function that shows progress in one terminal line, which it overwrites."""

    def report(done: int, total: int) -> None:
        write(f"\r{done:,} of {total:,} records" + ("\n" if done == total else ""))

    return report

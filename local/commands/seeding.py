"""Fills a stack with described files: records to list, filter and page through.

Each comes as an upload and its metadata, as the API would have written them, but no bytes are
stored: a download of one says that its bytes are missing. `coffer.settings` reads the environment
when it is first imported, so whoever imports this has set it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from uuid import UUID

from coffer.adapters.dynamodb.changes.snapshots import SnapshotItem
from coffer.adapters.dynamodb.listing.counts import CountItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.changes.publish import describe_change
from coffer.domain.media_types import DcType
from coffer.domain.metadata.record import DEFAULTS, Metadata
from coffer.domain.uploads.record import (
    HASH_FUNCTION,
    Content,
    ObjectUpload,
    ThumbnailStatus,
    UploadStatus,
)

BUCKETS = ("seeded", "seeded-2", "seeded-3", "seeded-4")
KINDS = (
    (DcType.IMAGE, "image/tiff", ".tif"),
    (DcType.SOUND, "audio/x-wav", ".wav"),
    (DcType.TEXT, "application/pdf", ".pdf"),
    (DcType.DATASET, "text/csv", ".csv"),
    (DcType.UNDETERMINED, "application/octet-stream", ".bin"),
)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_ENTRIES_PER_TRANSACTION = 500
"""Records between two signs of progress."""

Progress = Callable[[int, int], None]


def seed(count: int, progress: Progress = lambda _done, _of: None, *, first: int = 0) -> None:
    """Write so many records in batches; `progress` is told how many are there, and of how many.

    The same numbers make the same records: seeding twice changes nothing.
    """
    for start in range(first, first + count, _ENTRIES_PER_TRANSACTION):
        numbers = range(start, min(start + _ENTRIES_PER_TRANSACTION, first + count))
        files = [described_file(number) for number in numbers]
        _count_before(record for file in files for record in file)
        with UploadItem.batch_write() as uploads, MetadataItem.batch_write() as descriptions:
            for upload, metadata in files:
                uploads.save(UploadItem.of(upload))
                descriptions.save(MetadataItem.of(metadata))
        progress(numbers.stop - first, count)


def _count_before(records: Iterable[ObjectUpload | Metadata]) -> None:
    """Write the audit of records that are to come, and count them.

    The change stream, which takes minutes to tell of thousands, finds it there and counts none of
    them again; whoever seeds the same numbers twice doesn't either.
    """
    told = [one for record in records if (one := describe_change(None, record, EPOCH)) is not None]
    keys = [(one.snapshot["instanceId"], one.snapshot["version"]) for one in told]
    known = {item.instance_id for item in SnapshotItem.batch_get(keys)}
    new = [one for one in told if one.snapshot["instanceId"] not in known]
    with SnapshotItem.batch_write() as audit:
        for one in new:
            audit.save(SnapshotItem.of(one.snapshot))
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for change in (change for one in new for change in one.counter_changes):
        numbers = {"records": change.records, "public": change.public_records}
        sums[change.kind.value, change.bucket_key].update(numbers)
    for (kind, bucket_key), sum_ in sums.items():
        CountItem(kind, bucket_key).update(
            actions=[
                CountItem.records.add(sum_["records"]),
                CountItem.public_records.add(sum_["public"]),
            ]
        )


def described_file(number: int) -> tuple[ObjectUpload, Metadata]:
    """The upload and the description with this number; kinds and buckets take turns."""
    kind, media_type, extension = KINDS[number % len(KINDS)]
    bucket = BUCKETS[number // len(KINDS) % len(BUCKETS)]
    created_on = EPOCH + timedelta(seconds=number)
    file_identifier, identifier = (
        _identifier(created_on, number, 1),
        _identifier(created_on, number, 2),
    )
    name = file_name(number)
    digest = sha1(name.encode(), usedforsecurity=False).hexdigest()
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
        inspected_content=Content(
            detected_media_type=media_type,
            detected_file_extension=extension,
            evaluated_media_type=media_type,
            evaluated_file_extension=extension,
            dc_type=kind,
            size_in_bytes=1000 + number,
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
        xmp_rights_web_statement=DEFAULTS["xmp_rights_web_statement"],
        dc_rights=DEFAULTS["dc_rights"],
        xmp_rights_owner=DEFAULTS["xmp_rights_owner"],
        xmp_rights_usage_terms=DEFAULTS["xmp_rights_usage_terms"],
    )
    return upload, metadata


def file_name(number: int) -> str:
    """The name that the file with this number came with."""
    return f"specimen-{number:06}{KINDS[number % len(KINDS)][2]}"


def _identifier(moment: datetime, number: int, what: int) -> str:
    """A UUIDv7 of this moment (RFC 9562, 5.7), always the same for the same thing."""
    # The last digits are spread as random ones would be: records are shared out by the last one.
    spread = int.from_bytes(
        sha1(f"{what}/{number}".encode(), usedforsecurity=False).digest()[:7], "big"
    )
    milliseconds = int(moment.timestamp() * 1000)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | spread))


def shown(write: Callable[[str], object], every: int = _ENTRIES_PER_TRANSACTION) -> Progress:
    """Progress as one line on a terminal that is written over."""

    def show(done: int, of: int) -> None:
        if done % every == 0 or done == of:
            write(f"\r{done:,} of {of:,} records" + ("\n" if done == of else ""))

    return show

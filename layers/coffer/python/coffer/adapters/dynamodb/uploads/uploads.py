"""The Uploads port on DynamoDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from coffer.adapters.dynamodb.connection import conditional_write, overload_is_unavailable
from coffer.adapters.dynamodb.reading import read_record, read_records
from coffer.adapters.dynamodb.uploads.items import (
    AwaitingIndex,
    ContentIndex,
    ThumbnailFailureIndex,
    UploadItem,
    awaiting_key,
)
from coffer.adapters.system_clock import SystemClock
from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.identifiers import SHARDS
from coffer.domain.uploads.record import Awaiting, ObjectUpload

_MANY_TWINS = 100
"""How many duplicates are looked at to find one that a caller may see."""


class DynamoUploads:
    """The records of uploaded files in their table."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def get(self, file_identifier: str) -> ObjectUpload | None:
        return read_record(UploadItem, file_identifier, self._clock)

    def get_all(self, file_identifiers: Collection[str]) -> Mapping[str, ObjectUpload]:
        return read_records(UploadItem, file_identifiers, self._clock)

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        added = replace(upload, revision=1)
        with conditional_write(RecordExistsError(upload.file_identifier)):
            UploadItem.of(added).save(condition=UploadItem.file_identifier.does_not_exist())
        return added

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        written = replace(after, revision=before.revision + 1)
        with conditional_write(RecordChangedError(before.file_identifier)):
            UploadItem.of(written).save(condition=UploadItem.revision == before.revision)
        return written

    def discard(self, upload: ObjectUpload) -> None:
        with conditional_write(RecordChangedError(upload.file_identifier)):
            UploadItem.of(upload).delete(condition=UploadItem.revision == upload.revision)

    def buckets_with_content(self, sha1_hex: str, bucket_key: str | None = None) -> Iterator[str]:
        in_bucket = ContentIndex.bucket_key == bucket_key if bucket_key else None
        with overload_is_unavailable():
            for item in UploadItem.by_content.query(
                sha1_hex,
                range_key_condition=in_bucket,
                filter_condition=UploadItem.deleted_on.does_not_exist(),
                limit=_MANY_TWINS,
            ):
                yield item.bucket_key

    def with_failed_thumbnail(self, failure: str, after: str | None) -> Iterator[str]:
        behind = ThumbnailFailureIndex.file_identifier > after if after is not None else None
        with overload_is_unavailable():
            for item in UploadItem.by_thumbnail_failure.query(failure, behind):
                yield item.file_identifier

    def awaiting(self, reason: Awaiting, before: datetime) -> Iterator[str]:
        with overload_is_unavailable():
            for shard in SHARDS:
                for item in UploadItem.by_awaiting.query(
                    awaiting_key(reason, shard), AwaitingIndex.awaiting_since < before
                ):
                    yield item.file_identifier

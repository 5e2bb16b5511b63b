"""The Uploads port on DynamoDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from pynamodb.exceptions import DeleteError, PutError

from coffer.adapters.dynamodb.connection import (
    CONDITION_FAILED,
    code_of,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.reading import read_item, read_items, unexpired
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
        item = read_item(UploadItem, file_identifier)
        return unexpired(item.record(), self._clock) if item else None

    def get_all(self, file_identifiers: Collection[str]) -> Mapping[str, ObjectUpload]:
        records = (item.record() for item in read_items(UploadItem, file_identifiers))
        return {one.file_identifier: one for one in records if unexpired(one, self._clock)}

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        added = replace(upload, revision=1)
        with overload_is_unavailable():
            try:
                UploadItem.of(added).save(condition=UploadItem.file_identifier.does_not_exist())
            except PutError as error:
                if code_of(error) == CONDITION_FAILED:
                    raise RecordExistsError(upload.file_identifier) from error
                raise
        return added

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        written = replace(after, revision=before.revision + 1)
        with overload_is_unavailable():
            try:
                UploadItem.of(written).save(condition=UploadItem.revision == before.revision)
            except PutError as error:
                if code_of(error) == CONDITION_FAILED:
                    raise RecordChangedError(before.file_identifier) from error
                raise
        return written

    def discard(self, upload: ObjectUpload) -> None:
        with overload_is_unavailable():
            try:
                UploadItem.of(upload).delete(condition=UploadItem.revision == upload.revision)
            except DeleteError as error:
                if code_of(error) == CONDITION_FAILED:
                    raise RecordChangedError(upload.file_identifier) from error
                raise

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

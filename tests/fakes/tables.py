"""The tables in dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from coffer.domain import buckets
from coffer.domain.derivative import SYSTEM_GENERATED, Derivative
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import Awaiting, ObjectUpload, ThumbnailStatus


class InMemoryUploads:
    """The Uploads port."""

    def __init__(self, *uploads: ObjectUpload) -> None:
        self.records = {upload.file_identifier: upload for upload in uploads}

    def get(self, file_identifier: str) -> ObjectUpload | None:
        return self.records.get(file_identifier)

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        if upload.file_identifier in self.records:
            raise RecordExistsError(upload.file_identifier)
        return self._keep(replace(upload, revision=1))

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        self._require_unchanged(before)
        return self._keep(replace(after, revision=before.revision + 1))

    def discard(self, upload: ObjectUpload) -> None:
        self._require_unchanged(upload)
        del self.records[upload.file_identifier]

    def with_content(self, sha1_hex: str, bucket_key: str | None = None) -> Iterator[str]:
        for upload in self.records.values():
            key = buckets.bucket_key(upload.bucket)
            if (
                upload.is_readable
                and upload.found.sha1_hex == sha1_hex
                and bucket_key in (None, key)
            ):
                yield key

    def awaiting(self, reason: Awaiting, before: datetime) -> Iterator[str]:
        for upload in list(self.records.values()):
            since = upload.awaiting_since
            if upload.awaiting is reason and since is not None and since < before:
                yield upload.file_identifier

    def _require_unchanged(self, upload: ObjectUpload) -> None:
        current = self.records.get(upload.file_identifier)
        if current is None or current.revision != upload.revision:
            raise RecordChangedError(upload.file_identifier)

    def _keep(self, upload: ObjectUpload) -> ObjectUpload:
        self.records[upload.file_identifier] = upload
        return upload


class InMemoryCatalogue:
    """The Catalogue port, which claims among the given uploads."""

    def __init__(self, uploads: InMemoryUploads) -> None:
        self._uploads = uploads
        self.metadata_records: dict[str, Metadata] = {}
        self.derivative_records: dict[str, Derivative] = {}

    def metadata(self, identifier: str) -> Metadata | None:
        return self.metadata_records.get(identifier)

    def derivative(self, identifier: str) -> Derivative | None:
        return self.derivative_records.get(identifier)

    def add_metadata(self, metadata: Metadata, thumbnail: Derivative | None) -> None:
        if metadata.file_identifier is not None:
            self._claim(
                metadata.file_identifier,
                f"metadata/{metadata.identifier}",
                thumbnail_is_promised=thumbnail is not None,
            )
        elif metadata.identifier in self.metadata_records:
            raise RecordExistsError(metadata.identifier)
        self.metadata_records[metadata.identifier] = metadata
        if thumbnail is not None:
            self.derivative_records[thumbnail.identifier] = thumbnail

    def withdraw_thumbnail(self, identifier: str, now: datetime) -> None:
        record = self.derivative_records.get(identifier)
        if record is not None and record.deleted_on is None:
            self.derivative_records[identifier] = replace(
                record, deleted_on=now, deleted_by=SYSTEM_GENERATED, version=record.version + 1
            )

    def _claim(self, file_identifier: str, claimant: str, *, thumbnail_is_promised: bool) -> None:
        upload = self._uploads.get(file_identifier)
        if upload is None:
            raise RecordChangedError(file_identifier)
        if upload.claimed_by is not None:
            raise RecordExistsError(f"{file_identifier} is claimed by {upload.claimed_by}")
        failed = upload.thumbnail_status is ThumbnailStatus.FAILED
        if not upload.is_readable or (thumbnail_is_promised and failed):
            raise RecordChangedError(file_identifier)
        self._uploads.replace(
            upload, replace(upload, claimed_by=claimant, awaiting=None, awaiting_since=None)
        )

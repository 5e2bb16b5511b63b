"""The derivative records of generated thumbnails.

The record of a thumbnail is written when its file is claimed, before the thumbnail exists, and
removed if making the thumbnail fails. Its identifier is the `thumbnailIdentifier` of the upload,
which never changes. If the tombstone of an earlier record exists, its versions continue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.derivatives.ports import DerivativeReader, Source
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.media_types import DcType
from coffer.domain.transactions.actions import Action, Add, Replace
from coffer.domain.transactions.tombstones import tombstone_expiry
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus


def plan_thumbnail_record(catalogue: DerivativeReader[Source], thumbnail: Derivative) -> Action:
    """Return the action that writes the record of a thumbnail."""
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    return Replace(before, replace(thumbnail, version=before.version + 1))


def restore_thumbnail_record(
    catalogue: DerivativeReader[Source], thumbnail: Derivative
) -> Action | None:
    """Return the action that writes a missing record; None if it exists or a caller deleted it."""
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    was_removed = before.deleted_on is not None and before.deleted_by == SYSTEM_GENERATED
    if not was_removed:
        return None
    return Replace(before, replace(thumbnail, version=before.version + 1))


def derivative_tombstone(derivative: Derivative, deleted_by: str, now: datetime) -> Derivative:
    """Return the tombstone of a derivative.

    It expires, because the bytes belong to the upload. That of a generated thumbnail stays until
    its upload is removed, because the record may be restored.
    """
    return replace(
        derivative,
        deleted_on=now,
        deleted_by=deleted_by,
        expires_at=(
            None if derivative.is_generated else tombstone_expiry(derivative.identifier, now)
        ),
        version=derivative.version + 1,
    )


def thumbnail_of_upload(metadata: Source, upload: ObjectUpload) -> Derivative | None:
    """Return the record of the thumbnail of a described file; None if the file gets none.

    It is public if the metadata is public now (reference, ThumbnailGenerator).
    """
    if upload.thumbnail_identifier is None or upload.thumbnail_status is ThumbnailStatus.FAILED:
        return None
    return _thumbnail(metadata, upload, metadata.created_on)


def thumbnail_of_derivative(
    derivative: Derivative, metadata: Source, upload: ObjectUpload
) -> Derivative:
    """Return the record of the thumbnail of a derivative's file.

    `upload` is that file, and `metadata` is the source of the derivative.
    """
    thumbnail = _thumbnail(metadata, upload, derivative.created_on)
    return replace(thumbnail, generated_from_derivative=derivative.identifier)


def _thumbnail(metadata: Source, upload: ObjectUpload, created_on: datetime) -> Derivative:
    identifier = str(upload.thumbnail_identifier)
    return Derivative(
        identifier=identifier,
        bucket=upload.bucket,
        file_identifier=identifier,
        object_key=upload.thumbnail_key,
        file_extension=".jpg",
        dc_type=DcType.IMAGE,
        dc_format="image/jpeg",
        derivative_type=DerivativeType.THUMBNAIL_IMAGE,
        ac_derived_from=metadata.identifier,
        publicly_releasable=metadata.publicly_releasable,
        created_by=SYSTEM_GENERATED,
        created_on=created_on,
    )

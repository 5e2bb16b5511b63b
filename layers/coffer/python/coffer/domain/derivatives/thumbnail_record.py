"""The records of generated thumbnails: promised with the record of a file, withdrawn with it.

Such a record carries the upload's `thumbnailIdentifier`, which never changes. Where the file was
described before, its tombstone is there: it is revived, so that its versions go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coffer.domain.derivatives.ports import DerivativeReader, Source
from coffer.domain.derivatives.record import SYSTEM_GENERATED, Derivative, DerivativeType
from coffer.domain.media_types import DcType
from coffer.domain.transactions.actions import Action, Add, Replace
from coffer.domain.transactions.tombstones import tombstone_expiry
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus


def plan_thumbnail_record(catalogue: DerivativeReader[Source], thumbnail: Derivative) -> Action:
    """What writes the record of a thumbnail that is there, or will be."""
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    return Replace(before, replace(thumbnail, version=before.version + 1))


def restore_thumbnail_record(
    catalogue: DerivativeReader[Source], thumbnail: Derivative
) -> Action | None:
    """What writes that record where it is missing; None where it is there, or was deleted.

    Coffer itself withdraws it where the thumbnail fails; what somebody deleted stays deleted.
    """
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    if before.deleted_on is None or before.deleted_by != SYSTEM_GENERATED:
        return None
    return Replace(before, replace(thumbnail, version=before.version + 1))


def tombstone_of(derivative: Derivative, deleted_by: str, now: datetime) -> Derivative:
    """The tombstone of a derivative.

    It expires, since no object waits for its removal; a generated thumbnail's only when its
    upload is removed, since until then it may be revived.
    """
    return replace(
        derivative,
        deleted_on=now,
        deleted_by=deleted_by,
        expires_at=None if derivative.is_generated else tombstone_expiry(now),
        version=derivative.version + 1,
    )


def generated_thumbnail(metadata: Source, upload: ObjectUpload) -> Derivative | None:
    """The record of the thumbnail that Coffer makes of an upload; None where it makes none.

    It carries the upload's `thumbnailIdentifier`, so that the file can be asked for by it, and
    it is as public as the metadata at this moment (reference, ThumbnailGenerator).
    """
    if upload.thumbnail_identifier is None or upload.thumbnail_status is ThumbnailStatus.FAILED:
        return None
    return Derivative(
        identifier=upload.thumbnail_identifier,
        bucket=upload.bucket,
        file_identifier=upload.thumbnail_identifier,
        object_key=upload.thumbnail_key,
        file_extension=".jpg",
        dc_type=DcType.IMAGE,
        dc_format="image/jpeg",
        derivative_type=DerivativeType.THUMBNAIL_IMAGE,
        ac_derived_from=metadata.identifier,
        publicly_releasable=metadata.publicly_releasable,
        created_by=SYSTEM_GENERATED,
        created_on=metadata.created_on,
    )


def thumbnail_of_derivative(
    derivative: Derivative, metadata: Source, upload: ObjectUpload
) -> Derivative:
    """The record of the thumbnail that Coffer makes of a derivative, for what this was made from.

    `upload` is the derivative's file; its `thumbnailIdentifier` is known.
    """
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
        generated_from_derivative=derivative.identifier,
        publicly_releasable=metadata.publicly_releasable,
        created_by=SYSTEM_GENERATED,
        created_on=derivative.created_on,
    )

"""The records of generated thumbnails: promised with the record of a file, withdrawn with it.

Such a record carries the upload's `thumbnailIdentifier`, which never changes. Where the file was
described before, its tombstone is there: it is revived, so that its versions go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coffer.domain.derivative import (
    SYSTEM_GENERATED,
    Derivative,
    generated_thumbnail,
    thumbnail_of_derivative,
)
from coffer.domain.object_upload import TOMBSTONE_LIFE, ObjectUpload
from coffer.domain.ports import Catalogue, CatalogueReader
from coffer.domain.steps import Add, Replace, Step


def promise(catalogue: CatalogueReader, thumbnail: Derivative) -> Step:
    """What writes the record of a thumbnail that is there, or will be."""
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    return Replace(before, replace(thumbnail, version=before.version + 1))


def revival(catalogue: Catalogue, thumbnail: Derivative) -> Step | None:
    """What writes that record where it is missing; None where it is there, or was deleted.

    Coffer itself withdraws it where the thumbnail fails; what somebody deleted stays deleted.
    """
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    if before.deleted_on is None or before.deleted_by != SYSTEM_GENERATED:
        return None
    return Replace(before, replace(thumbnail, version=before.version + 1))


def promised_thumbnail(catalogue: Catalogue, upload: ObjectUpload) -> Derivative | None:
    """The record of the thumbnail that is made of an upload, for whatever claimed this.

    None where nothing did, or where what did is gone.
    """
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    derivative = catalogue.derivative(identifier) if kind == "derivative" else None
    if kind == "derivative" and (derivative is None or derivative.deleted_on is not None):
        return None
    described = derivative.ac_derived_from if derivative else identifier
    metadata = catalogue.metadata(described) if described else None
    if metadata is None or metadata.deleted_on is not None:
        return None
    if derivative is not None:
        return thumbnail_of_derivative(derivative, metadata, upload)
    return generated_thumbnail(metadata, upload)


def buried(derivative: Derivative, deleted_by: str, now: datetime) -> Derivative:
    """The tombstone of a derivative.

    It expires, since no object waits for its removal; a generated thumbnail's only when its
    upload is removed, since until then it may be revived.
    """
    return replace(
        derivative,
        deleted_on=now,
        deleted_by=deleted_by,
        expires_at=None if derivative.is_generated else expiry(now),
        version=derivative.version + 1,
    )


def expiry(now: datetime) -> datetime:
    """When a tombstone that is made, or confirmed, now is to go: in whole seconds."""
    return (now + TOMBSTONE_LIFE).replace(microsecond=0)

"""The records of generated thumbnails: promised with the record of a file, withdrawn with it.

Such a record carries the upload's `thumbnailIdentifier`, which never changes. Where the file was
described before, its tombstone is there: it is revived, so that its versions go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coffer.domain.derivative import Derivative
from coffer.domain.object_upload import TOMBSTONE_LIFE
from coffer.domain.ports import Catalogue
from coffer.domain.steps import Add, Replace, Step


def promise(catalogue: Catalogue, thumbnail: Derivative) -> Step:
    """What writes the record of a thumbnail that is there, or will be."""
    before = catalogue.derivative(thumbnail.identifier)
    if before is None:
        return Add(thumbnail)
    return Replace(before, replace(thumbnail, version=before.version + 1))


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

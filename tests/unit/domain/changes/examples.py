"""Records before and after changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from coffer.domain.changes.publish import VisibleChange, describe_change
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.uploads.record import Rejection, ThumbnailStatus, UploadStatus
from tests.fakes.clocks import NOON
from tests.fakes.records import upload

CHANGED_ON = NOON + timedelta(minutes=1)
REJECTION = Rejection(code="media_type_forbidden", detail="Media type x is invalid.")
REJECTED = upload(
    status=UploadStatus.REJECTED,
    rejection=REJECTION,
    inspected_content=None,
    thumbnail_status=None,
    awaiting=None,
)
WITH_THUMBNAIL = replace(upload(), thumbnail_status=ThumbnailStatus.READY, version=2)
WITHOUT_THUMBNAIL = replace(
    upload(),
    thumbnail_status=ThumbnailStatus.FAILED,
    thumbnail_failure="image_damaged",
    version=2,
)


def visible_change(before: AuditedRecord | None, after: AuditedRecord | None) -> VisibleChange:
    """Return the change, which readers must be able to see."""
    change = describe_change(before, after, CHANGED_ON)
    assert change is not None
    return change

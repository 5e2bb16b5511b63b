"""Repairing thumbnails: of many uploads when the reason why theirs failed is gone.

It says on the upload's record that a thumbnail is wanted; the change stream tells it, and what
makes thumbnails hears it. So a repair that is killed half-way is finished there. That of a single
record is in `regeneration`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coffer.domain.errors import RecordChangedError
from coffer.domain.uploads.ports import Uploads


@dataclass(frozen=True, kw_only=True)
class AskedAgain:
    """How many thumbnails were asked for again, and behind which upload to go on, if at all."""

    asked: int
    go_on_after: str | None


def ask_again(
    uploads: Uploads, failure: str, *, after: str | None, time_is_up: Callable[[], bool]
) -> AskedAgain:
    """Ask for the thumbnails that failed for this reason again, as many as there is time for.

    In the order of the uploads, those behind `after`: so what fails again for the same reason is
    not asked for a third time. What somebody writes at the same moment is left to the next run.
    """
    asked, last = 0, after
    for identifier in uploads.with_failed_thumbnail(failure, after):
        if time_is_up():
            return AskedAgain(asked=asked, go_on_after=last)
        asked += _ask(uploads, identifier, failure)
        last = identifier
    return AskedAgain(asked=asked, go_on_after=None)


def _ask(uploads: Uploads, identifier: str, failure: str) -> bool:
    upload = uploads.get(identifier)
    if upload is None or not upload.is_readable or upload.thumbnail_failure != failure:
        return False
    try:
        uploads.replace(upload, upload.thumbnail_requested(str(upload.thumbnail_identifier)))
    except RecordChangedError:
        return False
    return True

"""Request failed thumbnails again, when the reason why they failed is gone.

Used by an operator through `make_thumbnail`. Each upload gets the thumbnail status PENDING, which
the change stream publishes; the message starts the creation. `regenerate` does the same for the
file of one record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coffer.domain.errors import RecordChangedError
from coffer.domain.uploads.ports import Uploads


@dataclass(frozen=True, kw_only=True)
class RetryResult:
    """The number of thumbnails that were requested.

    `continue_after` is the upload after which the next run continues; None if nothing is left.
    """

    requested: int
    continue_after: str | None


def retry_failed_thumbnails(
    uploads: Uploads, failure: str, *, after: str | None, is_time_up: Callable[[], bool]
) -> RetryResult:
    """Request the thumbnails that failed with the code `failure`, until the time is up.

    The uploads are in the order of their identifiers, and only those after `after` are requested.
    So a thumbnail that fails again is requested once. An upload that another request writes at the
    same time is left to the next run.
    """
    requested, last = 0, after
    for identifier in uploads.with_failed_thumbnail(failure, after):
        if is_time_up():
            return RetryResult(requested=requested, continue_after=last)
        requested += _request(uploads, identifier, failure)
        last = identifier
    return RetryResult(requested=requested, continue_after=None)


def _request(uploads: Uploads, identifier: str, failure: str) -> bool:
    """Request one thumbnail; return False if it did not fail with this code."""
    upload = uploads.get(identifier)
    if upload is None or not upload.is_readable or upload.thumbnail_failure != failure:
        return False
    try:
        uploads.replace(upload, upload.thumbnail_requested(str(upload.thumbnail_identifier)))
    except RecordChangedError:
        return False
    return True

"""Failed thumbnails are requested again by the code of their failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coffer.domain.thumbnails.retry_failed import RetryResult, retry_failed_thumbnails
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus
from tests.fakes import InMemoryUploads as Uploads
from tests.fakes.clocks import NOON
from tests.fakes.hooks import once, with_hooks
from tests.fakes.records import THUMBNAIL, identifier, upload


def failed(number: int = 1, code: str = "image_damaged", **changes: Any) -> ObjectUpload:
    return upload(
        file_identifier=identifier(number),
        thumbnail_status=ThumbnailStatus.FAILED,
        thumbnail_failure=code,
        **changes,
    )


def never() -> bool:
    return False


def test_thumbnails_with_the_failure_are_requested() -> None:
    uploads = Uploads(failed(4), failed(5), failed(6, "decoder_crashed"), upload())
    assert retry_failed_thumbnails(
        uploads, "image_damaged", after=None, is_time_up=never
    ) == RetryResult(requested=2, continue_after=None)
    asked = uploads.records[identifier(4)]
    assert (asked.thumbnail_status, asked.thumbnail_failure) == (ThumbnailStatus.PENDING, None)
    assert (asked.thumbnail_identifier, asked.version) == (THUMBNAIL, 2)
    assert uploads.records[identifier(6)].thumbnail_status is ThumbnailStatus.FAILED


def test_a_run_without_time_returns_where_to_continue() -> None:
    uploads = Uploads(*(failed(number) for number in range(4, 9)))
    left = iter([False, False, True])
    first = retry_failed_thumbnails(
        uploads, "image_damaged", after=None, is_time_up=lambda: next(left)
    )
    assert first == RetryResult(requested=2, continue_after=identifier(5))
    second = retry_failed_thumbnails(
        uploads, "image_damaged", after=first.continue_after, is_time_up=never
    )
    assert second == RetryResult(requested=3, continue_after=None)


def test_a_thumbnail_that_fails_again_is_requested_once() -> None:
    uploads = Uploads(failed(4), failed(5))
    retry_failed_thumbnails(uploads, "image_damaged", after=None, is_time_up=never)
    again = uploads.records[identifier(4)]
    uploads.replace(again, again.thumbnail_failed("image_damaged"))
    done = retry_failed_thumbnails(uploads, "image_damaged", after=identifier(5), is_time_up=never)
    assert done.requested == 0


def test_deleted_and_concurrently_written_uploads_are_skipped() -> None:
    uploads = Uploads(failed(4, deleted_on=NOON), failed(5))

    def claim() -> None:
        current = uploads.records[identifier(5)]
        uploads.replace(current, replace(current, claimed_by="metadata/m"))

    busy = with_hooks(uploads, before=once("replace", claim))
    assert (
        retry_failed_thumbnails(busy, "image_damaged", after=None, is_time_up=never).requested == 0
    )

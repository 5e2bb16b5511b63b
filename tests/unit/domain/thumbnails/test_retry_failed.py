"""Thumbnails that failed: asked for again by their reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coffer.domain.thumbnails.retry_failed import AskedAgain, ask_again
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


def test_what_failed_for_a_reason_is_asked_for_again() -> None:
    uploads = Uploads(failed(4), failed(5), failed(6, "decoder_crashed"), upload())
    assert ask_again(uploads, "image_damaged", after=None, time_is_up=never) == AskedAgain(
        asked=2, go_on_after=None
    )
    asked = uploads.records[identifier(4)]
    assert (asked.thumbnail_status, asked.thumbnail_failure) == (ThumbnailStatus.PENDING, None)
    assert (asked.thumbnail_identifier, asked.version) == (THUMBNAIL, 2)
    assert uploads.records[identifier(6)].thumbnail_status is ThumbnailStatus.FAILED


def test_a_run_that_has_no_more_time_says_where_to_go_on() -> None:
    uploads = Uploads(*(failed(number) for number in range(4, 9)))
    left = iter([False, False, True])
    first = ask_again(uploads, "image_damaged", after=None, time_is_up=lambda: next(left))
    assert first == AskedAgain(asked=2, go_on_after=identifier(5))
    second = ask_again(uploads, "image_damaged", after=first.go_on_after, time_is_up=never)
    assert second == AskedAgain(asked=3, go_on_after=None)


def test_what_failed_again_is_not_asked_for_a_third_time() -> None:
    uploads = Uploads(failed(4), failed(5))
    ask_again(uploads, "image_damaged", after=None, time_is_up=never)
    again = uploads.records[identifier(4)]
    uploads.replace(again, again.thumbnail_failed("image_damaged"))
    done = ask_again(uploads, "image_damaged", after=identifier(5), time_is_up=never)
    assert done.asked == 0


def test_what_was_deleted_or_is_written_at_that_moment_is_left() -> None:
    uploads = Uploads(failed(4, deleted_on=NOON), failed(5))

    def claim() -> None:
        current = uploads.records[identifier(5)]
        uploads.replace(current, replace(current, claimed_by="metadata/m"))

    busy = with_hooks(uploads, before=once("replace", claim))
    assert ask_again(busy, "image_damaged", after=None, time_is_up=never).asked == 0

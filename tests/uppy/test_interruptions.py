"""Uploads of Uppy that are paused, removed, cut off, and continued."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.uppy.conftest import OpenUppy, SampleFile
from tests.uppy.owner import Owner
from tests.uppy.test_uploads import ONE_WAY, assert_stored

if TYPE_CHECKING:
    from playwright.sync_api import Route

ALL = set(range(1, 24))
"""The parts of the large file, by Uppy's default size of 5 MiB."""


@pytest.mark.parametrize("way", ONE_WAY)
def test_an_upload_is_paused_and_continued(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    uppy = open_uppy(way).start()
    uppy.choose(large_file.path)
    uppy.call_after_parts(4, "pauseAll()")
    uppy.do("upload()")
    uppy.wait_for("called")
    uppy.page.wait_for_timeout(500)
    identifier, sent = uppy.session(), len(uppy.parts())
    assert owner.status(identifier) == "UPLOADING"
    uppy.page.wait_for_timeout(1000)
    assert len(uppy.parts()) == sent < len(ALL)
    stored = owner.stored_parts(identifier)
    assert stored is not None
    assert len(stored) >= 4

    uppy.forget()
    uppy.do("resumeAll()")

    assert uppy.wait_until_uploaded()[large_file.name] == identifier
    assert set(uppy.parts()) == ALL - stored
    assert uppy.calls("POST", "/multipart") == []
    assert_stored(owner, identifier, sizeInBytes=large_file.size, sha256=large_file.sha256)


@pytest.mark.parametrize("way", ONE_WAY)
def test_a_removed_file_leaves_nothing_behind(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    uppy = open_uppy(way).start()
    uppy.choose(large_file.path)
    uppy.call_after_parts(2, "cancelAll()")
    with uppy.page.expect_response(lambda one: one.request.method == "DELETE") as aborted:
        uppy.do("upload()")

    # Its body is not read here: if no page reads it, Playwright waits for its end for ever.
    assert aborted.value.status == 200
    assert owner.stored_parts(uppy.session()) is None
    assert owner.status(uppy.session()) is None


@pytest.mark.parametrize("way", ONE_WAY)
def test_after_a_lost_connection_retry_uploads_the_file(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    # By default versions 4 and 5 wait for 9 seconds until a part has failed.
    uppy = open_uppy(way).start(retryDelays=[0, 100, 300, 500])
    uppy.choose(large_file.path)
    uppy.do("upload()")
    uppy.wait_for("s3-multipart:part-uploaded", 3)
    uppy.block("*/incoming/*")
    uppy.wait_for("complete")
    assert len(uppy.events("upload-error")) == 1
    first = uppy.session()
    if uppy.version == "6":
        stored = owner.stored_parts(first)
        assert stored is not None
        assert 3 <= len(stored) < len(ALL)
    else:
        # These versions end the session after any error, and start from the beginning.
        owner.wait_until_aborted(first)
        stored = set()

    uppy.block()
    uppy.forget()
    uppy.do("retryAll()")

    identifier = uppy.wait_until_uploaded()[large_file.name]
    assert (identifier == first) is (uppy.version == "6")
    assert set(uppy.parts()) == ALL - stored
    assert_stored(owner, identifier, sizeInBytes=large_file.size, sha256=large_file.sha256)


@pytest.mark.parametrize("way", ONE_WAY)
def test_an_upload_goes_on_when_the_browser_is_online_again(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    uppy = open_uppy(way).start()
    uppy.choose(large_file.path)
    uppy.do("upload()")
    uppy.wait_for("s3-multipart:part-uploaded", 3)
    uppy.page.context.set_offline(True)
    uppy.page.wait_for_timeout(1500)
    assert len(uppy.events("s3-multipart:part-uploaded")) < len(ALL)
    failed = bool(uppy.events("upload-error"))
    if failed:
        # Version 6 repeats no call to the API: only its Retry continues.
        assert uppy.version == "6"
        uppy.forget()

    uppy.page.context.set_offline(False)
    if failed:
        uppy.do("retryAll()")

    identifier = uppy.wait_until_uploaded()[large_file.name]
    assert_stored(owner, identifier, sizeInBytes=large_file.size, sha256=large_file.sha256)


@pytest.mark.parametrize("way", ONE_WAY)
def test_retry_after_a_lost_response_of_complete_finds_the_file(
    way: str, open_uppy: OpenUppy, owner: Owner, medium_file: SampleFile
) -> None:
    uppy = open_uppy(way).start(multipart=True)
    uppy.choose(medium_file.path)

    def lose(route: Route) -> None:
        assert route.fetch().status == 200
        route.abort("connectionreset")

    uppy.page.route("**/complete?*", lose)
    uppy.do("upload()")
    uppy.wait_for("complete")
    assert len(uppy.events("upload-error")) == 1
    first = uppy.session()

    uppy.page.unroute_all()
    uppy.forget()
    uppy.do("retryAll()")

    second = uppy.wait_until_uploaded()[medium_file.name]
    if uppy.version == "6":
        assert (second, uppy.parts()) == (first, [])
    else:
        # They send DELETE, which must keep the file, and upload it once more.
        assert second != first
    for identifier in (first, second):
        assert_stored(owner, identifier, sizeInBytes=medium_file.size, sha256=medium_file.sha256)
        assert owner.stored_parts(identifier) is None


@pytest.mark.parametrize("way", ONE_WAY)
def test_after_a_reload_the_same_file_sends_only_missing_parts(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    """Golden Retriever restores the session; the file is too large for its own store."""
    uppy = open_uppy(way).start(recover=True)
    uppy.choose(large_file.path)
    uppy.do("upload()")
    uppy.wait_for("s3-multipart:part-uploaded", 7)
    uppy.slow_down()
    # It stores its state at most twice in a second.
    uppy.page.wait_for_timeout(1200)
    identifier = uppy.session()
    uppy.page.reload()
    uppy.slow_down(False)
    stored = owner.stored_parts(identifier)
    assert stored is not None
    assert 7 <= len(stored) < len(ALL)

    uppy.sent.clear()
    if uppy.version == "6":
        uppy.endpoint = owner.grant_endpoint()
    uppy.start(recover=True)
    uppy.wait_for("restored")
    uppy.choose(large_file.path)
    uppy.do("emit('restore-confirmed')")

    assert uppy.wait_until_uploaded()[large_file.name] == identifier
    assert set(uppy.parts()) == ALL - stored
    assert uppy.calls("POST", "/multipart") == []
    assert_stored(owner, identifier, sizeInBytes=large_file.size, sha256=large_file.sha256)

"""Errors between the page and the store, and how the page handles them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import OpenPage
from tests.e2e.console_page import WAIT_MILLISECONDS
from tests.e2e.downloads import download
from tests.e2e.specimens import picture, text
from tests.e2e.stacks import HOST, Stack

if TYPE_CHECKING:
    from playwright.sync_api import Route


@contextmanager
def without_cors(stack: Stack) -> Iterator[None]:
    """Remove the store's CORS rules for a `with` block."""
    store, bucket = stack.store, stack.bucket
    rules = store.get_bucket_cors(Bucket=bucket)["CORSRules"]
    store.delete_bucket_cors(Bucket=bucket)
    try:
        yield
    finally:
        store.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def posts(stack: Stack) -> str:
    """Return a pattern that matches all URLs of the store."""
    return f"http://{HOST}:{stack.store_port}/**"


def test_an_upload_to_a_bucket_without_cors_rules_shows_an_error(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = picture(folder, "shut out.jpg")
    console = open_page(open_stack)
    with without_cors(open_stack):
        console.drop([file.path])
        console.wait_for_states({file.name: "failed"})
        told = console.row(file.name).inner_text()
        assert "takes nothing from this page" in told
        assert "CORS rule" in told
        console.page.get_by_text("1 failed").wait_for()
    assert open_stack.objects(f"objects/aafc/{console.identifiers[file.name]}") == {}

    console.row(file.name).get_by_role("button", name="Try again").click()
    console.wait_for_states({file.name: "ready"})


def test_an_expired_form_is_requested_again(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = picture(folder, "slow.jpg")
    console = open_page(open_stack)
    posted: list[str] = []

    def let_time_pass(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route.request.url)
            if len(posted) == 1:
                open_stack.move_clock(2 * 3600)
        route.continue_()

    console.page.route(posts(open_stack), let_time_pass)
    console.drop([file.path])
    console.wait_for_states({file.name: "ready"})
    assert len(posted) == len(console.offers) == 2
    assert download(open_stack.port, "aafc", console.identifiers[file.name]) == file.body


def test_a_form_that_keeps_expiring_is_an_error(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "never.txt")
    console = open_page(open_stack)

    def let_time_pass(route: Route) -> None:
        if route.request.method == "POST":
            open_stack.move_clock(2 * 3600)
        route.continue_()

    console.page.route(posts(open_stack), let_time_pass)
    console.drop([file.path])
    console.wait_for_states({file.name: "failed"})
    assert "Policy expired" in console.row(file.name).inner_text()


def test_a_lost_connection_is_retried(open_stack: Stack, open_page: OpenPage, folder: Path) -> None:
    file = picture(folder, "shaky.jpg")
    console = open_page(open_stack)
    attempts: list[str] = []

    def lose_the_first(route: Route) -> None:
        attempts.append(route.request.method)
        if len(attempts) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    console.page.route(posts(open_stack), lose_the_first)
    console.drop([file.path])
    console.page.get_by_text("The connection to the store was lost. Trying again.").wait_for()
    console.wait_for_states({file.name: "ready"})
    assert "Trying again" not in console.row(file.name).inner_text()


def test_a_file_whose_response_was_lost_is_found_in_the_store(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    first, second = picture(folder, "first.jpg"), picture(folder, "second.jpg")
    console = open_page(open_stack)
    console.drop([first.path])
    console.wait_for_states({first.name: "ready"})
    # The browser remembers that it may post; what the store then answers it can't read.
    with without_cors(open_stack):
        console.drop([second.path])
        console.wait_for_states({first.name: "ready", second.name: "ready"})
    [identifier] = [identifier for name, identifier in console.offers if name == second.name]
    assert download(open_stack.port, "aafc", identifier) == second.body


def test_a_missing_store_is_an_error_after_a_few_attempts(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "nowhere.txt")
    console = open_page(open_stack)
    console.page.route(posts(open_stack), lambda route: route.abort("connectionrefused"))
    console.drop([file.path])
    console.wait_for_states({file.name: "failed"})
    assert "The connection to the store was lost." in console.row(file.name).inner_text()


def test_an_upload_can_be_cancelled(open_stack: Stack, open_page: OpenPage, folder: Path) -> None:
    file = text(folder, "stop.txt")
    console = open_page(open_stack)
    console.page.route(posts(open_stack), lambda route: None)
    console.drop([file.path])
    console.page.locator(".file[data-state=sending]").wait_for()
    console.row(file.name).get_by_role("button", name="Cancel").click()
    console.wait_for_states({file.name: "cancelled"})
    console.page.unroute(posts(open_stack))
    console.row(file.name).get_by_role("button", name="Try again").click()
    console.wait_for_states({file.name: "ready"})


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("less"),
        lambda path: path.write_text("more" * 1000),
    ],
    ids=["moved away", "shrunk", "grown"],
)
def test_a_file_that_changes_during_the_upload_is_not_a_network_error(
    open_stack: Stack, open_page: OpenPage, folder: Path, change: Callable[[Path], object]
) -> None:
    file = text(folder, "changing.txt")
    console = open_page(open_stack)

    def change_and_go_on(route: Route) -> None:
        if file.path.exists():
            change(file.path)
        route.continue_()

    console.page.route(posts(open_stack), change_and_go_on)
    console.drop([file.path])
    console.wait_for_states({file.name: "failed"})
    # The browser notices it itself, or sends what is there now and the store notices.
    told = r"The file (was moved or changed|has shrunk|has grown) since it was chosen\."
    assert re.search(told, console.row(file.name).inner_text())


def test_an_image_that_cannot_be_decoded_shows_the_reason(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    whole = picture(folder, "whole.png", "PNG")
    broken = folder / "broken.png"
    broken.write_bytes(whole.body[:900])
    console = open_page(open_stack)
    console.drop([broken])
    console.wait_for_states({broken.name: "ready"})
    console.page.get_by_text("No thumbnail: the image can't be decoded").wait_for(
        timeout=WAIT_MILLISECONDS
    )


def test_an_empty_file_is_refused_with_the_error_of_the_api(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    empty = folder / "empty.txt"
    empty.touch()
    console = open_page(open_stack)
    console.drop([empty])
    console.wait_for_states({empty.name: "refused"})
    assert "Can't store empty file." in console.row(empty.name).inner_text()
    assert not console.row(empty.name).get_by_role("button").is_visible()

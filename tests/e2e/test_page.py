"""The page: widths, keyboard, labels, announcements and content security policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import OpenPage
from tests.e2e.console_page import WAIT_MILLISECONDS
from tests.e2e.specimens import archive, picture, text
from tests.e2e.stacks import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Dialog

LONG = "a_very_long_name_without_any_space_in_it_" * 4


@pytest.mark.parametrize("width", [360, 800, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_sideways(
    open_stack: Stack, open_page: OpenPage, folder: Path, width: int, scheme: str
) -> None:
    console = open_page(open_stack, viewport={"width": width, "height": 800}, color_scheme=scheme)
    files = [text(folder, f"{LONG}.txt"), archive(folder, "refused.zip")]
    assert console.page.evaluate("document.documentElement.scrollWidth") == width
    console.drop(file.path for file in files)
    console.wait_for_states({file.name: file.state for file in files})
    assert console.page.evaluate("document.documentElement.scrollWidth") == width
    console.page.locator("#identity summary").click()
    assert console.page.evaluate("document.documentElement.scrollWidth") == width


def test_files_that_come_before_the_bucket_wait_for_it(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "early.txt")
    console = open_page(open_stack, bucket=None)
    console.drop([file.path])
    assert console.states() == {}
    console.page.get_by_text("Name the bucket first: 1 file waits.").wait_for()
    assert console.page.evaluate("document.activeElement.id") == "bucket"
    console.name_bucket("-no-bucket")
    console.page.get_by_text("begins with a letter or a digit").wait_for()
    console.name_bucket("aafc")
    console.wait_for_states({file.name: "ready"})


def test_a_folder_brings_everything_that_is_in_it(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    inner = folder / "trip" / "day 2"
    inner.mkdir(parents=True)
    files = [text(folder / "trip", "one.txt"), text(inner, "two.txt"), text(folder, "three.txt")]
    console = open_page(open_stack)
    console.drop([folder / "trip", files[2].path])
    console.wait_for_states({file.name: "ready" for file in files})
    uploads = f"http://localhost:{open_stack.port}/api/v1/object-upload?page[limit]=100"
    listed = console.page.request.get(uploads).json()["data"]
    names = {file.name for file in files}
    paths = {
        one["attributes"]["originalFilename"]: one["attributes"]["relativePath"]
        for one in listed
        if one["attributes"]["originalFilename"] in names
    }
    assert paths == {"one.txt": "trip/one.txt", "two.txt": "trip/day 2/two.txt", "three.txt": None}


def test_it_can_be_used_with_the_keyboard_alone(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = picture(folder, "by hand.jpg")
    page = open_page(open_stack, bucket=None).page
    # Only who listens beforehand surely hears of the dialog.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Tab")
    page.keyboard.type("aafc")
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file.path)
    keep = page.get_by_role("button", name=f"Keep: {file.name}")
    keep.wait_for(timeout=WAIT_MILLISECONDS)
    keep.focus()
    page.keyboard.press("Enter")
    page.locator(".file[data-state=kept]").wait_for()
    # The button is gone; whoever goes on with Tab is still in the same place.
    assert page.evaluate("document.activeElement.className") == "file"


def test_progress_is_announced_to_screen_readers(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    good, bad = text(folder, "good.txt"), archive(folder, "bad.zip")
    console = open_page(open_stack)
    live = console.page.get_by_role("status")
    console.drop([good.path])
    live.get_by_text("1 file added for aafc.").wait_for()
    live.get_by_text("1 file checked.").wait_for(timeout=WAIT_MILLISECONDS)
    console.drop([bad.path])
    live.get_by_text("bad.zip: Media type application/zip is invalid.").wait_for(
        timeout=WAIT_MILLISECONDS
    )


def test_every_field_has_its_label(open_stack: Stack, open_page: OpenPage) -> None:
    page = open_page(open_stack).page
    page.locator("#identity summary").click()
    fields = page.locator("input:visible, input.unseen")
    assert fields.count() == 3
    for field in fields.all():
        assert field.evaluate("(field) => field.labels.length") == 1


def test_text_cannot_become_markup(open_stack: Stack, open_page: OpenPage) -> None:
    console = open_page(open_stack)
    refused = console.page.evaluate(
        """() => {
            try { document.body.innerHTML = "<b>no</b>"; } catch (error) { return error.name; }
            return "taken";
        }"""
    )
    assert refused == "TypeError"
    assert "TrustedHTML" in console.complaints.pop()


def test_leaving_the_page_during_an_upload_needs_confirmation(
    open_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "underway.txt")
    console = open_page(open_stack)
    console.page.route(f"http://127.0.0.1:{open_stack.store_port}/**", lambda route: None)
    console.drop([file.path])
    console.page.locator(".file[data-state=sending]").wait_for()
    console.page.locator("h1").click()  # browsers ask only where somebody did something
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    console.page.on("dialog", stay)
    console.page.evaluate("setTimeout(() => location.reload(), 0)")
    console.page.wait_for_timeout(1000)
    assert asked == ["beforeunload"]
    assert console.states() == {file.name: "sending"}

"""The console with AUTH=jwt: tokens that are accepted, refused and expired."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.conftest import OpenPage
from tests.e2e.specimens import text
from tests.e2e.stacks import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Route


def test_without_a_token_the_page_asks_for_one_and_continues(
    secured_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    files = [text(folder, f"waiting {number}.txt") for number in range(5)]
    console = open_page(secured_stack)
    console.drop(file.path for file in files)
    panel = console.page.locator("#token-form")
    panel.wait_for()
    assert console.page.evaluate("document.activeElement.id") == "token"
    assert console.page.locator("#token-reason").inner_text().strip()
    assert set(console.states().values()) <= {"waiting", "preparing"}
    console.page.get_by_text("Waits for a token").first.wait_for()

    console.use_token("Bearer not.a.token")
    console.page.locator("#token-reason").wait_for()
    assert set(console.states().values()) <= {"waiting", "preparing"}

    console.use_token(secured_stack.token("--user", "alice", "--group", "aafc/guest"))
    console.wait_for_states({file.name: "ready" for file in files})
    assert "alice" in console.page.locator("#who").inner_text()
    assert not panel.is_visible()


def test_a_later_refusal_does_not_ask_for_another_token(
    secured_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    slow, quick = text(folder, "slow.txt"), text(folder, "quick.txt")
    console = open_page(secured_stack)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    console.page.route("**/api/v1/upload/*", hold_the_first)
    console.drop([slow.path, quick.path])
    console.page.locator("#token-form").wait_for()
    console.use_token(secured_stack.token("--user", "alice", "--group", "aafc/guest"))
    console.page.locator(".file[data-state=ready]").wait_for()
    held[0].continue_()
    console.wait_for_states({slow.name: "ready", quick.name: "ready"})
    assert not console.page.locator("#token-form").is_visible()


def test_the_token_stays_in_the_tabs_session(
    secured_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    token = secured_stack.token("--user", "alice", "--group", "aafc/user", "--expires", "3600")
    console = open_page(secured_stack, bucket=None)
    page = console.page
    page.locator("#identity summary").click()
    console.use_token(f"Authorization: Bearer {token}\n")
    assert page.get_by_label("Bucket").input_value() == "aafc"
    assert page.evaluate("Object.values({...sessionStorage})").count(token) == 1
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    assert page.context.cookies() == []

    page.reload()
    file = text(folder, "again.txt")
    console.drop([file.path])
    console.wait_for_states({file.name: "ready"})
    page.locator("#identity summary").click()
    page.get_by_role("button", name="Forget it").click()
    assert token not in str(page.evaluate("Object.values({...sessionStorage})"))
    assert "No token" in page.locator("#who").inner_text()


def test_a_token_of_another_group_shows_an_error(
    secured_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "foreign.txt")
    console = open_page(secured_stack)
    console.drop([file.path])
    console.use_token(secured_stack.token("--user", "mallory", "--group", "elsewhere/super-user"))
    console.wait_for_states({file.name: "failed"})
    told = console.row(file.name).inner_text()
    assert "mallory needs the role GUEST or a stronger one in the group" in told
    assert "Choose a bucket of your own" in told


def test_an_expired_token_shows_an_error(
    secured_stack: Stack, open_page: OpenPage, folder: Path
) -> None:
    file = text(folder, "late.txt")
    console = open_page(secured_stack)
    console.drop([file.path])
    expired = secured_stack.token("--user", "alice", "--group", "aafc/user", "--expires", "-60")
    console.use_token(expired)
    console.page.get_by_text("The token has expired.").wait_for()
    console.use_token(secured_stack.token("--user", "alice", "--group", "aafc/user"))
    console.wait_for_states({file.name: "ready"})

"""/api/v1/docs in a browser: with Redoc, and without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coffer.http.docs.page import VIEWER, plain_page
from tests.e2e.stacks import ROOT, Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = ROOT / ".tools/axe/node_modules/axe-core/axe.min.js"
NO_VIEWER = "Redoc is not installed: run `make docs-viewer`, which needs npm or PyPI"
NO_AXE = "axe-core is not installed: run `make test-e2e`, which needs npm or PyPI"
LEVELS = [
    "wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice",
]  # fmt: skip
FIND_VIOLATIONS = """
async ({ levels, within }) => {
  const found = await axe.run(within ?? document, { runOnly: levels, resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
"""


class DocsPage:
    """A tab with the page, the addresses that it asked for, and what the browser refused."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.page = page
        self.root = f"http://localhost:{stack.port}/api/v1"
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def open(self) -> DocsPage:
        """Open the page and wait until it shows the API."""
        self.page.goto(f"{self.root}/docs")
        self.page.locator("h2").first.wait_for()
        return self

    def violations(self, within: str | None = None) -> list[str]:
        """Return axe-core's violations of all levels, of the page or of one element."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(FIND_VIOLATIONS, {"levels": LEVELS, "within": within})
        return found

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def tab(open_stack: Stack, browser: Browser) -> Iterator[DocsPage]:
    """A tab that is not open yet."""
    with closing(browser.new_context(viewport={"width": 1200, "height": 900})) as context:
        yield DocsPage(context.new_page(), open_stack)


@pytest.fixture(scope="module")
def viewer(tab: DocsPage) -> DocsPage:
    """The page with Redoc."""
    if not VIEWER.exists():
        pytest.skip(NO_VIEWER)
    return tab.open()


@pytest.fixture
def axe() -> Path:
    """The script of axe-core."""
    if not AXE.exists():
        pytest.skip(NO_AXE)
    return AXE


def operation(identifier: str, tag: str = "records") -> str:
    """Return a selector of one operation in Redoc."""
    return f'[id="tag/{tag}/operation/{identifier}"]'


def test_it_shows_every_operation(viewer: DocsPage) -> None:
    document = viewer.page.request.get(f"{viewer.root}/openapi.json").json()
    expected = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    shown: list[str] = viewer.page.locator('[id*="/operation/"]').evaluate_all(
        "found => found.map((one) => one.id.split('/').at(-1))"
    )
    assert set(shown) == expected


def test_it_loads_the_document_and_nothing_else(viewer: DocsPage) -> None:
    pages = {one for one in viewer.requests if not one.startswith(("data:", "blob:"))}
    assert pages == {f"{viewer.root}/docs", f"{viewer.root}/openapi.json"}


def test_its_search_finds_an_operation(viewer: DocsPage) -> None:
    viewer.page.get_by_placeholder("Search").fill("redeem access key archive")
    viewer.page.get_by_role("menuitem", name="archive").first.wait_for()
    viewer.page.get_by_placeholder("Search").fill("")


def test_it_has_no_accessibility_violation(viewer: DocsPage, axe: Path) -> None:
    assert viewer.violations() == []


def test_an_open_operation_has_no_accessibility_violation(viewer: DocsPage, axe: Path) -> None:
    for selector in (operation("createMetadata"), operation("downloadFile", "files")):
        section = viewer.page.locator(selector)
        section.evaluate(
            "(one) => one.querySelectorAll('button').forEach((button) => button.click())"
        )
        section.get_by_text("Response Schema").first.wait_for()
        assert viewer.violations(selector) == []


def test_a_narrow_window_has_no_accessibility_violation(viewer: DocsPage, axe: Path) -> None:
    viewer.page.set_viewport_size({"width": 400, "height": 800})
    assert viewer.page.evaluate("document.documentElement.scrollWidth") == 400
    assert viewer.violations() == []
    viewer.page.set_viewport_size({"width": 1200, "height": 900})


def test_the_browser_refuses_nothing_of_it(viewer: DocsPage) -> None:
    assert viewer.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_plain_page_has_no_accessibility_violation(
    open_stack: Stack, browser: Browser, axe: Path, scheme: Any
) -> None:
    with closing(browser.new_context(color_scheme=scheme)) as context:
        tab = DocsPage(context.new_page(), open_stack)
        document = tab.page.request.get(f"{tab.root}/openapi.json")
        plain = plain_page(document.text())
        tab.page.route(
            f"{tab.root}/docs",
            lambda route: route.fulfill(headers=dict(plain.headers), body=str(plain.body)),
        )
        tab.open()
        operations = [one for item in document.json()["paths"].values() for one in item]
        assert tab.page.locator("li").count() == len(operations)
        assert tab.violations() == []
        assert tab.complaints == []

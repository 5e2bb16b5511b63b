"""Fixtures: stacks in their own processes, and a browser.

The suite needs Playwright (from PyPI) and a Chromium (from the system, nothing is downloaded). If
one is missing, the suite is skipped and says which. SCREENSHOTS=folder stores a screenshot of every
page at the end of its test.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.console_page import ConsolePage
from tests.e2e.stacks import Stack, Wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]
NO_PLAYWRIGHT = (
    "Playwright isn't installed: run `make test-e2e`, or `pip install -r requirements-e2e.txt`"
)
NO_CHROMIUM = (
    "there is no Chromium: install it (on Debian: `apt-get install chromium`), or name its "
    "executable in CHROMIUM"
)
LOG_LINES = 200
OpenPage = Callable[..., ConsolePage]


def _chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else shutil.which("chromium")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the stacks' logs to the report of a failed test."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for name, stack in item.funcargs.items():
            if isinstance(stack, Stack):
                report.sections.append((name, "\n".join(stack.log.splitlines()[-LOG_LINES:])))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    executable = _chromium()
    if executable is None:
        pytest.skip(NO_CHROMIUM)
    with playwright.sync_playwright() as driver:
        started: Any = driver.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def open_stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a stack that needs no tokens."""
    with Stack(tmp_path_factory.mktemp("open")).running() as stack:
        yield stack


@pytest.fixture(scope="session")
def secured_stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a stack that needs tokens."""
    with Stack(tmp_path_factory.mktemp("guarded"), AUTH="jwt").running() as stack:
        yield stack


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Return a function that opens a stack's console in a new browser context.

    Whatever the test is about, the page must have kept to its own policy at the end.
    """
    pages: list[ConsolePage] = []
    with ExitStack() as cleaning:

        def opened(
            stack: Stack, wire: Wire | None = None, bucket: str | None = "aafc", **context: Any
        ) -> ConsolePage:
            made = browser.new_context(**context)
            cleaning.callback(made.close)
            port = wire.port if wire else stack.port
            page = ConsolePage(made.new_page(), f"http://localhost:{port}/")
            pages.append(page)
            return page.open(bucket)

        yield opened
        _keep_screenshots(request.node.name, pages)
    assert [complaint for page in pages for complaint in page.complaints] == []


def _keep_screenshots(test: str, pages: list[ConsolePage]) -> None:
    """Store a full screenshot of each page, named after its test, if SCREENSHOTS is set."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        for number, page in enumerate(pages, 1):
            name = f"{re.sub(r'[^A-Za-z0-9]+', '-', test).strip('-')}-{number}.png"
            page.page.screenshot(path=Path(folder) / name, full_page=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a test's files."""
    made = tmp_path / "desktop"
    made.mkdir()
    return made

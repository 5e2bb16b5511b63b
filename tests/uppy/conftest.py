"""Uppy 4, 5 and 6 from npm in Chromium, and a stack that requires tokens.

The suite needs Playwright, a Chromium and the packages that `make test-uppy` installs. If one is
missing, the tests are skipped with its name.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import (
    browser,  # noqa: F401 - a fixture
    pytest_runtest_makereport,  # noqa: F401 - a hook
)
from tests.e2e.stacks import Stack
from tests.uppy.bundles import VERSIONS, Pages, esbuild
from tests.uppy.owner import BUCKET, Owner
from tests.uppy.uppy_page import UppyPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MIB = 1024**2
MAX_UPLOAD_BYTES = 200 * MIB
WAYS = ["4-token", "5-token", "4-grant", "5-grant", "6-grant"]
"""Each version with each way to name the caller. Version 6 sends no headers."""
OpenUppy = Callable[..., UppyPage]


@dataclass(frozen=True)
class SampleFile:
    """A file on disk."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.path.stat().st_size


def sample_file(folder: Path, name: str, size: int) -> SampleFile:
    """Write a file of pseudo-random bytes."""
    chance, digest = random.Random(name), hashlib.sha256()
    path = folder / name
    with path.open("wb") as file:
        for start in range(0, size, 8 * MIB):
            piece = chance.randbytes(min(8 * MIB, size - start))
            digest.update(piece)
            file.write(piece)
    return SampleFile(path, digest.hexdigest())


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Serve the pages of all versions."""
    if esbuild() is None:
        pytest.skip("Uppy isn't installed: run `make test-uppy`")
    folder = tmp_path_factory.mktemp("pages")
    for version in VERSIONS:
        (folder / version).mkdir()
    with Pages(folder).running() as served:
        yield served


@pytest.fixture(scope="session")
def stack(
    browser: Browser,  # noqa: F811 - the fixture
    pages: Pages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Start a stack that requires tokens."""
    starting = Stack(
        tmp_path_factory.mktemp("stack"),
        AUTH="jwt",
        PARAMETERS=f"MaxUploadBytes={MAX_UPLOAD_BYTES}",
    )
    with starting.running() as running:
        yield running


@pytest.fixture(scope="session")
def owner(stack: Stack) -> Owner:
    """Return a member of the group."""
    return Owner(stack, "alice", "--group", f"{BUCKET}/user")


@pytest.fixture(scope="session")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> SampleFile:
    """Return a file that Uppy uploads in parts by default: 24 parts of 5 MiB."""
    return sample_file(tmp_path_factory.mktemp("desktop"), "recording.wav", 120_000_000)


@pytest.fixture(scope="session")
def medium_file(tmp_path_factory: pytest.TempPathFactory) -> SampleFile:
    """Return a file of two parts, for tests that upload in parts explicitly."""
    return sample_file(tmp_path_factory.mktemp("desktop"), "short.wav", 6_000_000)


@pytest.fixture
def open_uppy(
    browser: Browser,  # noqa: F811 - the fixture
    pages: Pages,
    owner: Owner,
) -> Iterator[OpenUppy]:
    """Return a function that opens the page of a way, such as `5-token`, in a new context."""
    with ExitStack() as cleaning:

        def opened(way: str, person: Owner = owner, endpoint: str | None = None) -> UppyPage:
            version, credential = way.split("-")
            made = browser.new_context()
            cleaning.callback(made.close)
            page = made.new_page()
            headers = {"Authorization": f"Bearer {person.token}"} if credential == "token" else {}
            if endpoint is None:
                endpoint = person.endpoint if credential == "token" else person.grant_endpoint()
            page.goto(pages.url(version))
            return UppyPage(page, version, endpoint, headers)

        yield opened

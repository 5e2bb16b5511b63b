"""A stack in its own process, and Node.js with the clients that `make test-jsonapi` installs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stacks import Stack
from tests.jsonapi.clients import MODULES, find_node


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node.js; skip the tests if it or a client is missing."""
    found = find_node()
    if found is None or not (MODULES / "kitsu").is_dir():
        pytest.skip("kitsu or Node.js is not installed: run `make test-jsonapi`")
    return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return the stack of all tests. Each test has a bucket of its own."""
    with Stack(tmp_path_factory.mktemp("jsonapi")).running() as running:
        yield running

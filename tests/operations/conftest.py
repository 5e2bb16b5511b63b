"""A local stack in a process of its own, with hands laid on it from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operations.installation import LocalInstallation
from tests.e2e.stacks import Stack


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests of operators' commands; each leaves it as it found it."""
    with Stack(tmp_path_factory.mktemp("operations")).running() as running:
        yield running


@pytest.fixture
def installation(outside: Stack) -> LocalInstallation:
    return LocalInstallation(outside.port)

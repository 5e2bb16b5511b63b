"""A local stack in its own process, for the operator's commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operations.installation import LocalInstallation
from tests.e2e.stacks import Stack


@pytest.fixture(scope="session")
def stack_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return one stack for all tests of the commands. Each test leaves it unchanged."""
    with Stack(tmp_path_factory.mktemp("operations")).running() as running:
        yield running


@pytest.fixture
def installation(stack_process: Stack) -> LocalInstallation:
    return LocalInstallation(stack_process.port)

"""One local stack for the whole run, made from the template before anything of ours is imported.

`coffer.settings` reads the environment when it is first imported, so the stack, which sets that
environment, has to be there before test modules are collected.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack

_STACK = pytest.StashKey[LocalStack]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STACK] = LocalStack().start()


def pytest_unconfigure(config: pytest.Config) -> None:
    stack = config.stash.get(_STACK, None)
    if stack is not None:
        stack.stop()


@pytest.fixture(scope="session")
def running_stack(pytestconfig: pytest.Config) -> LocalStack:
    """The stack as it is, for tests that only need something to be there."""
    return pytestconfig.stash[_STACK]


@pytest.fixture
def stack(running_stack: LocalStack) -> Iterator[LocalStack]:
    """The stack, empty. Nothing is delivered until the test says so."""
    running_stack.reset()
    yield running_stack
    running_stack.reset()

"""One local stack for the whole run, made from the template before anything of ours is imported.

`coffer.settings` reads the environment when it is first imported, so the stack, which sets that
environment, has to be there before test modules are collected. It has its own S3, unless a plugin
(`tests.ceph.plugin`) has put a stack on another one there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.faults.chaos import Chaos
from local.stack import LocalStack
from tests.session import STACK


def pytest_configure(config: pytest.Config) -> None:
    if STACK not in config.stash:
        # CHAOS=… CHAOS_SEED=… AUTH=… as with `make start`: tests under faults set them.
        config.stash[STACK] = LocalStack(
            chaos=Chaos.from_environment(os.environ),
            tokens_required=os.environ.get("AUTH") == "jwt",
        ).start()


def pytest_unconfigure(config: pytest.Config) -> None:
    stack = config.stash.get(STACK, None)
    if stack is not None:
        stack.stop()


@pytest.fixture(scope="session")
def running_stack(pytestconfig: pytest.Config) -> LocalStack:
    """The stack as it is, for tests that only need something to be there."""
    return pytestconfig.stash[STACK]


@pytest.fixture
def stack(running_stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[LocalStack]:
    """The stack, empty. Nothing is delivered until the test says so."""
    running_stack.faults.run = request.node.nodeid
    running_stack.reset()
    yield running_stack
    running_stack.reset()

"""Start one local stack for the whole run, before any module of Coffer is imported.

Adapters read their settings when they are imported. The stack sets them in the environment, so it
has to start before test modules are collected. It has its own S3, unless a plugin
(`tests.ceph.plugin`) has put a stack on another one there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadFileScheduling

from local.faults.chaos import Chaos
from local.stack import LocalStack
from tests.direct_calls import DirectCalls
from tests.session import STACK

SHARING_FOLDERS = ("tests/security/tokens/",)
"""Folders whose files share a fixture that is slow to set up."""
UNMEASURED_FOLDERS = frozenset(
    [
        "architecture",
        "events",
        "local",
        "openapi",
        "operations",
        "privileges",
        "security",
        "template",
    ]
)
"""Folders whose tests run without pytest-cov, which doubles their time and finds no more lines."""
DIRECT_CALLS = pytest.StashKey[DirectCalls]()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # this process runs no test: pytest-xdist's workers do
    # CHAOS=… CHAOS_SEED=… AUTH=… as with `make start`: the suites with faults set them.
    chaos = Chaos.from_environment(os.environ)
    if STACK not in config.stash:
        config.stash[STACK] = LocalStack(
            chaos=chaos, tokens_required=os.environ.get("AUTH") == "jwt"
        ).start()
    server = config.stash[STACK].server
    if not chaos and server.application is not None:
        config.stash[DIRECT_CALLS] = DirectCalls(server.url, server.application)
        config.stash[DIRECT_CALLS].start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.split("/")[1] in UNMEASURED_FOLDERS:
            item.add_marker(pytest.mark.no_cover)


def pytest_unconfigure(config: pytest.Config) -> None:
    if DIRECT_CALLS in config.stash:
        config.stash[DIRECT_CALLS].stop()
    stack = config.stash.get(STACK, None)
    if stack is not None:
        stack.stop()


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give whole files to each process, and whole folders where their files share a fixture."""
    if config.getvalue("dist") != "loadfile":
        return None
    scheduler = LoadFileScheduling(config, log)

    def scope_of(nodeid: str) -> str:
        folders = (folder for folder in SHARING_FOLDERS if nodeid.startswith(folder))
        return next(folders, nodeid.partition("::")[0])

    scheduler._split_scope = scope_of
    return scheduler


@pytest.fixture(scope="session")
def running_stack(pytestconfig: pytest.Config) -> LocalStack:
    """Return the stack in its present state, for tests that do not change it."""
    return pytestconfig.stash[STACK]


@pytest.fixture
def stack(running_stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[LocalStack]:
    """Return the stack, empty. It delivers nothing until the test calls `settle`."""
    running_stack.faults.run = request.node.nodeid
    running_stack.reset()
    yield running_stack
    running_stack.reset()

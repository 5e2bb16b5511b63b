"""Fixtures: the stack of a small application in this process, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from local.stack import LocalStack
from tests.local.project import remembered, write_project


@pytest.fixture(scope="module")
def running_small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(write_project(tmp_path_factory.mktemp("project"))) as stack:
        yield stack


@pytest.fixture
def small(running_small_stack: LocalStack) -> LocalStack:
    """Return the small application's stack, emptied, with no planned responses."""
    running_small_stack.reset()
    for function in running_small_stack.resources.functions:
        for name in ("SEEN", "PLAN"):
            remembered(running_small_stack, function.logical_id, name).clear()
    return running_small_stack


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Yield the URL of a server of moto without a stack."""
    threaded = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    threaded.start()
    host, port = threaded.get_host_and_port()
    yield f"http://{host}:{port}"
    threaded.stop()

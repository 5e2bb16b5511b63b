"""A small application, running in this process, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.local.project import remembered, write_project


@pytest.fixture(scope="module")
def running_small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(write_project(tmp_path_factory.mktemp("project"))) as stack:
        yield stack


@pytest.fixture
def small(running_small_stack: LocalStack) -> LocalStack:
    """The small application's stack: nothing in it, nothing planned."""
    running_small_stack.reset()
    for function in running_small_stack.resources.functions:
        for name in ("SEEN", "PLAN"):
            remembered(running_small_stack, function.logical_id, name).clear()
    return running_small_stack

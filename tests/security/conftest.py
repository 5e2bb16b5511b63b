"""Stacks with something in them: one that lets everybody in, and one that demands tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.api import guarded
from tests.security.holdings import Holdings


@pytest.fixture(scope="module")
def holdings(running_stack: LocalStack) -> Iterator[Holdings]:
    """A group's files and records, one lot for a whole module."""
    running_stack.reset()
    yield Holdings(running_stack).make()
    running_stack.reset()


@pytest.fixture(scope="module")
def guarded_stack() -> Iterator[LocalStack]:
    stack = guarded.start()
    yield stack
    stack.stop()

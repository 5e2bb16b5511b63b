"""Stacks with something in them: one that lets everybody in, and one that demands tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.api import token_auth
from tests.security.group_records import GroupRecords


@pytest.fixture(scope="module")
def group_records(running_stack: LocalStack) -> Iterator[GroupRecords]:
    """A group's files and records, one lot for a whole module."""
    running_stack.reset()
    yield GroupRecords(running_stack).make()
    running_stack.reset()


@pytest.fixture(scope="module")
def secured_stack() -> Iterator[LocalStack]:
    stack = token_auth.start()
    yield stack
    stack.stop()

"""Fixtures of the security tests: a stack that holds a group's files and records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from tests.security.group_records import GroupRecords


@pytest.fixture(scope="module")
def group_records(running_stack: LocalStack) -> Iterator[GroupRecords]:
    """Return files and records of one group, created once per module."""
    running_stack.reset()
    yield GroupRecords(running_stack).create()
    running_stack.reset()

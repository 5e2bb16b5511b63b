"""One stack that requires tokens, for every test of this folder.

It starts a process for each function that is called, which takes a third of a second of CPU time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.reports import Reports
from local.resources import Function
from local.stack import LocalStack


class HandlerLog(Reports):
    """Keeps every line that a handler prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, function: Function, line: str) -> None:
        """Keep the line with the name of its function."""
        self.lines.append(f"{function.logical_id}: {line}")


@pytest.fixture(scope="package")
def log() -> HandlerLog:
    return HandlerLog()


@pytest.fixture(scope="package")
def started_stack(log: HandlerLog) -> Iterator[LocalStack]:
    """The stack, which also logs more than the template's LogLevel allows."""
    with LocalStack(
        in_process=False,
        tokens_required=True,
        environment={"POWERTOOLS_LOG_LEVEL": "DEBUG"},
        parameters={"MaxRunningExports": "100"},  # the matrix starts an export for each of its rows
        reports=log,
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def secured_stack(started_stack: LocalStack, log: HandlerLog) -> LocalStack:
    """The stack, empty, at the present time and with an empty log."""
    started_stack.reset()
    log.lines.clear()
    return started_stack

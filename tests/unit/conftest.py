"""Fixtures of the unit tests."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from coffer.observability import logger

settings.register_profile("unhurried", deadline=None)  # no deadline, because a busy machine is slow
settings.load_profile("unhurried")

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """Return the log lines of the test, parsed."""
    stream = io.StringIO()
    handler: Any = logger.registered_handler
    previous = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(previous)
    logger.clear_state()

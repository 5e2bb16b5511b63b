"""Fixtures of the rawstore tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from coffer.adapters.rawstore import objects as dataset_objects
from coffer.observability import logger


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Return the log lines of the test."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    standard = logging.getLogger(logger.name)
    standard.addHandler(handler)
    yield lines
    standard.removeHandler(handler)


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no time for look-ups, so that thousands of files send no requests to the store."""
    monkeypatch.setattr(dataset_objects, "BUDGET_SECONDS", -1.0)

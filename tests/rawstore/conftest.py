"""What the tests of rawstore share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from coffer.adapters.rawstore import objects as object_probe
from coffer.observability import logger


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is logged during the test, as it is logged."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    standard = logging.getLogger(logger.name)
    standard.addHandler(handler)
    yield lines
    standard.removeHandler(handler)


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups have no time, so that a request for thousands of files asks the store nothing."""
    monkeypatch.setattr(object_probe, "BUDGET_SECONDS", -1.0)

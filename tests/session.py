"""The key of the local stack that all tests of a run share."""

from __future__ import annotations

import pytest

from local.stack import LocalStack

STACK = pytest.StashKey[LocalStack]()
"""The run's stack in `config.stash`. A plugin may put one there, with another store."""

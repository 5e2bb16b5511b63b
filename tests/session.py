"""What a whole run of tests shares: one local stack, made before anything of ours is imported."""

from __future__ import annotations

import pytest

from local.stack import LocalStack

STACK = pytest.StashKey[LocalStack]()
"""Where the run keeps its stack; whoever puts one there first chooses its store."""

"""Run test modules that were written for the local S3 on Ceph."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest


def reuse(module: ModuleType) -> dict[str, Any]:
    """Return the tests of another module, for the globals of a module that runs them on Ceph."""
    return {
        name: one
        for name, one in vars(module).items()
        if name.lower().startswith("test") and getattr(one, "__module__", "") == module.__name__
    }


def mark_unsupported(request: pytest.FixtureRequest, beyond: Mapping[str, str]) -> None:
    """Mark a test as an expected failure if Ceph 16 does not support what it needs.

    `beyond` has the reasons by name of the test. Some parameters of such a test may pass.
    """
    item: Any = request.node
    why = beyond.get(item.originalname)
    if why is not None:
        request.applymarker(pytest.mark.xfail(reason=why, strict=False))

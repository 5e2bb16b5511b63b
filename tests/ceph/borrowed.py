"""Suites written for the local S3 that Ceph has to pass too, as far as it can."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest


def borrow(module: ModuleType) -> dict[str, Any]:
    """The tests of another module, for the globals of one that runs them on Ceph."""
    return {
        name: one
        for name, one in vars(module).items()
        if name.lower().startswith("test") and getattr(one, "__module__", "") == module.__name__
    }


def expect(request: pytest.FixtureRequest, beyond: Mapping[str, str]) -> None:
    """Lets a test fail that asks for what Ceph 16 can't do; `beyond` says why, by its name.

    Not every row of such a test has to fail: some ask for nothing special.
    """
    item: Any = request.node
    why = beyond.get(item.originalname)
    if why is not None:
        request.applymarker(pytest.mark.xfail(reason=why, strict=False))

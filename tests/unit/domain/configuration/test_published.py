"""Sizes have the form that Spring has, which old clients can read."""

from __future__ import annotations

import pytest

from coffer.domain.configuration.published import format_size


@pytest.mark.parametrize(
    ("size", "text"), [(4 * 1024**2, "4MB"), (131072, "128KB"), (5 * 1024**3, "5120MB"), (7, "7B")]
)
def test_a_size_is_spelled_in_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert format_size(size) == text

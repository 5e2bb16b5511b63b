"""Sizes are spelled as Spring does, so that old clients read them."""

from __future__ import annotations

import pytest

from coffer.domain.configuration.published import spelled


@pytest.mark.parametrize(
    ("size", "text"), [(4 * 1024**2, "4MB"), (131072, "128KB"), (5 * 1024**3, "5120MB"), (7, "7B")]
)
def test_a_size_is_spelled_in_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert spelled(size) == text

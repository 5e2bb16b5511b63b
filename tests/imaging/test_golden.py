"""Thumbnails are upright and have the right colours for every form of an image."""

from __future__ import annotations

import pytest

from tests.imaging.golden import Case, cases, error_of


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_the_picture_looks_as_it_should(case: Case) -> None:
    assert error_of(case) <= case.most

"""Markup is refused, stray angle brackets are not (as in object-store-api 1.31)."""

from __future__ import annotations

import pytest

from coffer.domain.fields import has_markup


@pytest.mark.parametrize(
    "text",
    [
        "<iframe src='//evil'>",
        "<svg/onload=alert(1)>",
        "<img src=x onerror=alert(1)>",
        "<html><body>x</body></html>",
        "before </script>",
        "<!-- x -->",
        "<?xml version='1.0'?>",
        "<SCRIPT>",
        "1 <2 <b",
    ],
)
def test_text_that_a_parser_takes_for_a_tag_is_markup(text: str) -> None:
    assert has_markup(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HS Jackson&LT White",
        "Antrodia vaillantii <-",
        "3 < 4 > 2",
        "<3",
        "a <",
        "<<>>",
        "l'été à Québec",
    ],
)
def test_stray_angle_brackets_are_no_markup(text: str) -> None:
    assert not has_markup(text)

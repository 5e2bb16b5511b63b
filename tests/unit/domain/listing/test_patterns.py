"""Patterns: what they match, and that the time grows with the text and not with the product."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.listing.patterns import like_pattern, literal_parts


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("", "", True),
        ("", "%", True),
        ("a", "", False),
        ("", "_", False),
        ("abc", "abc", True),
        ("abc", "ab", False),
        ("abc", "abcd", False),
        ("abc", "a_c", True),
        ("abc", "a%", True),
        ("abc", "%c", True),
        ("abc", "%b%", True),
        ("abcbd", "a%bd", True),
        ("abc", "%%%", True),
        ("a%c", "a%c", True),
        ("a.c", "a[.]c", False),
        ("aab", "%ab", True),
        ("mississippi", "m%iss%_pi", True),
        ("mississippi", "m%iss%x", False),
    ],
)
def test_percent_stands_for_anything_and_an_underscore_for_one_character(
    text: str, pattern: str, matches: bool
) -> None:
    assert like_pattern(pattern).matches(text) is matches


@given(st.text("ab%_", max_size=8), st.text("ab", max_size=10))
def test_a_pattern_matches_by_its_definition(pattern: str, text: str) -> None:
    def naive(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "%":
            return any(naive(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return bool(text) and pattern[0] in ("_", text[0]) and naive(pattern[1:], text[1:])

    assert like_pattern(pattern).matches(text) == naive(pattern, text)


def test_the_parts_of_fiql_have_no_wildcards() -> None:
    assert literal_parts(["a_", "%"]).matches("a_ and then %")
    assert not literal_parts(["a_", "%"]).matches("ab and then c")


def test_a_pattern_becomes_lower_case_without_its_wildcards() -> None:
    assert like_pattern("A%_\u0130").lower() == like_pattern("a%_i\u0307")


HOSTILE = [
    "%" + "a" * 3000 + "b%",
    "%b" + "a" * 3000 + "%",
    "%" + "a" * 1500 + "b" + "a" * 1500 + "%",
    "%a" * 4000 + "b",
    "%a" * 3000 + "%b%",
    "%" + "a_" * 3000 + "b%",
    "%" + "_a" * 10 + "b%" + "a_" * 1000 + "b%",
    "%" + "_" * 3000 + "b%",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=range(len(HOSTILE)))
def test_the_time_of_a_hostile_pattern_is_linear_in_the_text(pattern: str) -> None:
    """Matching each position anew takes 1.8 billion steps, and minutes."""
    started = time.process_time()
    assert not like_pattern(pattern).matches("a" * 300_000)
    assert time.process_time() - started < 3

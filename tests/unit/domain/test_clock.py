"""Times as text: they survive, and sort in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.adapters.system_clock import SystemClock
from coffer.domain.clock import from_text, to_text

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS)
def test_a_time_survives_its_text(moment: datetime) -> None:
    assert from_text(to_text(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_texts_sort_like_the_times(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


def test_a_text_has_microseconds_and_is_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert to_text(datetime(2026, 11, 22, 14, tzinfo=east)) == "2026-11-22T12:00:00.000000Z"


@pytest.mark.parametrize("text", ["2026-11-22T12:00:00", "2026-11-22", "yesterday", ""])
def test_a_moment_needs_its_offset(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts of the standard library differ
        from_text(text)


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC

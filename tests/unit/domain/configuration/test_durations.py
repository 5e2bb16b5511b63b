"""The three forms of a duration."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffer.domain.configuration.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20d", timedelta(days=20)),
        ("20D", timedelta(days=20)),
        ("12h", timedelta(hours=12)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2w", timedelta(weeks=2)),
        ("45s", timedelta(seconds=45)),
        ("1209600", timedelta(days=14)),
        ("0", timedelta()),
        ("P20D", timedelta(days=20)),
        ("P2W", timedelta(weeks=2)),
        ("PT12H", timedelta(hours=12)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("36500d", timedelta(days=36500)),
    ],
)
def test_a_valid_duration_is_parsed(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "d", "P", "PT", "P1DT", "20 d", "-1d", "+1d", "1.5d", "20days", "P1M", "P1Y"],
        *["p20d", "30m1h", "20d ", "\u0662\u0660d", "1e3", "0x10", "0 0 * * * *"],
    ],
)
def test_an_invalid_duration_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(ValueError, match="write 20d, 12h"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "99999999999999999999w", "9" * 39])
def test_a_duration_over_the_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than 36500 days"):
        parse_duration(text)

"""Schedules: when they are due, and what they fire. Durations and the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.clock import StackClock, parse_duration
from local.eventbridge.schedules import ScheduleError, parse
from local.stack import LocalStack
from tests.local.project import remembered

BEGIN = datetime(2026, 11, 22, 4, 30, 20, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(15 minutes)", "2026-11-22T04:45:20"),
        ("rate(1 hour)", "2026-11-22T05:30:20"),
        ("rate(2 days)", "2026-11-24T04:30:20"),
        ("at(2026-12-24T18:00:00)", "2026-12-24T18:00:00"),
        ("at(2020-01-01T00:00:00)", None),
        ("cron(0 * * * ? *)", "2026-11-22T05:00:00"),
        ("cron(31 4 * * ? *)", "2026-11-22T04:31:00"),
        ("cron(30 4 * * ? *)", "2026-11-23T04:30:00"),
        ("cron(0/15 8-17 ? * MON-FRI *)", "2026-11-23T08:00:00"),
        ("cron(0 3 1 * ? *)", "2026-12-01T03:00:00"),
        ("cron(0 3 L * ? *)", "2026-11-30T03:00:00"),
        ("cron(0 3 22W * ? *)", "2026-11-23T03:00:00"),
        ("cron(0 3 ? * 6L *)", "2026-11-27T03:00:00"),
        ("cron(0 3 ? DEC L *)", "2026-12-05T03:00:00"),
        ("cron(0 3 ? * TUE#1 *)", "2026-12-01T03:00:00"),
        ("cron(0 3 29 FEB ? *)", "2028-02-29T03:00:00"),
        ("cron(0 3 1 1 ? 2020)", None),
        ("cron(10,20 3 ? JAN,MAR SUN 2027)", "2027-01-03T03:10:00"),
    ],
)
def test_the_next_time_of_an_expression(expression: str, expected: str | None) -> None:
    found = parse(expression, "UTC", BEGIN).after(BEGIN)
    assert (found and found.replace(tzinfo=None).isoformat()) == expected


def test_a_schedule_follows_its_own_time_zone() -> None:
    found = parse("cron(0 8 * * ? *)", "America/Toronto", BEGIN).after(BEGIN)
    assert found == datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 * * * *)",
        "cron(0 * * * * *)",
        "cron(0 * ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 5-3 * * ? *)",
        "cron(x * * * ? *)",
        "cron(0/0 * * * ? *)",
        "at(2026-02-30T00:00:00)",
        "rate(99999999999 days)",
        "0 0 * * * *",
    ],
)
def test_what_scheduler_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse(expression, "UTC", BEGIN)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ScheduleError, match="Mars"):
        parse("rate(1 hour)", "Mars/Base")


def test_a_schedule_fires_once_however_far_the_clock_jumps(small: LocalStack) -> None:
    small.clock.advance(timedelta(minutes=59))
    assert not small.scheduler.run_once()
    small.clock.advance(timedelta(days=3))
    assert small.scheduler.run_once()
    assert not small.scheduler.run_once()
    small.settle()
    [event] = remembered(small, "ListenFunction", "SEEN")
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    small.clock.advance(timedelta(hours=1))
    assert small.scheduler.run_once()


def test_a_schedule_can_be_run_by_hand(small: LocalStack) -> None:
    remembered(small, "ListenFunction", "PLAN").append({"kept": 1})
    assert small.run_schedule("ListenFunction").payload == {"kept": 1}
    assert small.run_schedule("ListenFunctionNever").payload is None
    with pytest.raises(KeyError):
        small.run_schedule("NoFunction")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("+21d", 21 * 86_400), ("1h30m", 5400), ("45s", 45), ("2w", 14 * 86_400)],
)
def test_durations_are_parsed(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "+", "21", "-1d", "1d 2h", "1y"])
def test_an_invalid_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["999999999999d", "99999999999999999999w", "1d" * 4000 + "9999999999d"]
)
def test_too_long_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the duration is too long"):
        parse_duration(text)


def test_the_offset_of_the_clock_is_limited() -> None:
    clock = StackClock()
    clock.advance(timedelta(days=99 * 365))
    with pytest.raises(ValueError, match="no further"):
        clock.advance(timedelta(days=366))
    with pytest.raises(ValueError, match="forward"):
        clock.advance(timedelta(seconds=-1))
    assert clock.offset == timedelta(days=99 * 365)

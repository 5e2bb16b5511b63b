"""EventBridge Scheduler: rate, cron and at expressions, and who is due.

Source: EventBridge Scheduler User Guide, "Schedule types".
"""

from __future__ import annotations

import calendar
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from local.clock import StackClock
from local.resources import ACCOUNT, DEFAULT_REGION, Function, Resources, Schedule, arn_of

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if number}
WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.+)\)")
YEARS_AHEAD = 8


class ScheduleError(Exception):
    """An expression that EventBridge Scheduler, or this stack, doesn't take."""


class Timing(Protocol):
    """When something happens again."""

    def after(self, moment: datetime) -> datetime | None:
        """The first time after `moment` (aware), or None when there is none."""


@dataclass(frozen=True)
class Every:
    """`rate(15 minutes)`, counted from when the schedule began."""

    period: timedelta
    begin: datetime

    def after(self, moment: datetime) -> datetime | None:
        """The next full period."""
        passed = (moment - self.begin) // self.period
        return self.begin + (passed + 1) * self.period


@dataclass(frozen=True)
class Once:
    """`at(2026-11-22T10:00:00)`."""

    moment: datetime

    def after(self, moment: datetime) -> datetime | None:
        """The moment, as long as it lies ahead."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class Cron:
    """`cron(minute hour day-of-month month day-of-week year)`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: Callable[[date], bool]
    months: frozenset[int]
    years: frozenset[int]
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """The next minute that fits, searched day by day for a few years."""
        local = (moment.astimezone(self.zone) + timedelta(minutes=1)).replace(
            second=0, microsecond=0
        )
        for offset in range(366 * YEARS_AHEAD):
            day = local.date() + timedelta(days=offset)
            if day.year not in self.years or day.month not in self.months or not self.days(day):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    if found >= local:
                        return found.astimezone(UTC)
        return None


def parse(expression: str, zone: str, begin: datetime | None = None) -> Timing:
    """An expression as a timing; ScheduleError for one that isn't valid, or a zone that is none.

    A rate counts from `begin` (the machine's time where that makes no difference).
    """
    try:
        return _parse(expression, ZoneInfo(zone), begin or datetime.now(UTC))
    except (LookupError, OSError, ValueError, OverflowError) as error:
        raise ScheduleError(f"{expression} in {zone}: {error}") from error


def _parse(expression: str, zone: ZoneInfo, begin: datetime) -> Timing:
    if match := _RATE.fullmatch(expression):
        number = int(match[1])
        if number < 1:
            raise ScheduleError(f"a rate is at least 1: {expression}")
        return Every(timedelta(**{f"{match[2]}s": number}), begin)
    if match := _AT.fullmatch(expression):
        return Once(datetime.fromisoformat(match[1]).replace(tzinfo=zone))
    if match := _CRON.fullmatch(expression):
        return parse_cron(match[1].split(), zone)
    raise ScheduleError(f"neither rate(…), cron(…) nor at(…): {expression}")


def parse_cron(fields: list[str], zone: ZoneInfo) -> Cron:
    """The six fields of a cron expression; ScheduleError when one is out of range."""
    if len(fields) != 6:
        raise ScheduleError(f"cron takes six fields, not {len(fields)}: {' '.join(fields)}")
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ScheduleError("one of day-of-month and day-of-week is ?, the other isn't")
    return Cron(
        _numbers(minute, 0, 59),
        _numbers(hour, 0, 23),
        _days_of_month(day) if weekday == "?" else _days_of_week(weekday.upper()),
        _numbers(month.upper(), 1, 12, MONTHS),
        _numbers(year, 1970, 2199),
        zone,
    )


def _numbers(
    field: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            begin, end = span.split("-", 1)
            first, last = _number(begin, names), _number(end, names)
        else:
            first = _number(span, names)
            last = high if step else first
        if not low <= first <= last <= high:
            raise ScheduleError(f"{part} isn't within {low} to {high}")
        every = _number(step, None) if step else 1
        if not every:
            raise ScheduleError(f"{part} steps by nothing")
        found.update(range(first, last + 1, every))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int] | None) -> int:
    if names is not None and text in names:
        return names[text]
    if not text.isascii() or not text.isdigit():
        raise ScheduleError(f"not a number: {text!r}")
    return int(text)


def _last_day(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _aws_weekday(day: date) -> int:
    """Sunday is 1."""
    return day.isoweekday() % 7 + 1


def _days_of_month(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: day.day == _last_day(day)
    if field.endswith("W"):
        target = _number(field[:-1], None)
        return lambda day: day.day == _nearest_weekday(day, target)
    days = _numbers(field, 1, 31)
    return lambda day: day.day in days


def _nearest_weekday(month: date, target: int) -> int | None:
    if target > _last_day(month):
        return None
    wanted = month.replace(day=target)
    if wanted.isoweekday() == 6:
        return target - 1 if target > 1 else target + 2
    if wanted.isoweekday() == 7:
        return target + 1 if target < _last_day(month) else target - 2
    return target


def _days_of_week(field: str) -> Callable[[date], bool]:
    if "#" in field:
        name, nth = field.split("#", 1)
        weekday, count = _number(name, WEEKDAYS), _number(nth, None)
        return lambda day: _aws_weekday(day) == weekday and (day.day - 1) // 7 + 1 == count
    if field.endswith("L"):
        last = _number(field[:-1], WEEKDAYS) if field != "L" else 7
        return lambda day: _aws_weekday(day) == last and day.day + 7 > _last_day(day)
    days = _numbers(field, 1, 7, WEEKDAYS)
    return lambda day: _aws_weekday(day) in days


Fire = Callable[[Function, Mapping[str, Any]], None]


class Scheduler:
    """Fires the schedules of a template on the stack's clock.

    A clock that jumps over several times fires once: real time doesn't jump.
    """

    def __init__(self, resources: Resources, clock: StackClock, fire: Fire) -> None:
        self._clock = clock
        self._fire = fire
        self._resources = resources
        self._lock = threading.Lock()
        begin = clock.now()
        self._timings: dict[str, Timing] = {}
        self._next: dict[str, datetime | None] = {}
        for schedule in resources.schedules:
            self.target(schedule)
            timing = parse(schedule.expression, schedule.zone, begin)
            if schedule.enabled:
                self._timings[schedule.logical_id] = timing
        self.restart()
        self.name = "schedules"

    def restart(self) -> None:
        """Counts from now on."""
        now = self._clock.now()
        with self._lock:
            self._next = {name: timing.after(now) for name, timing in self._timings.items()}

    def run_once(self) -> bool:
        """Fires what is due; False when nothing is."""
        now = self._clock.now()
        due: list[Schedule] = []
        with self._lock:
            for schedule in self._resources.schedules:
                moment = self._next.get(schedule.logical_id)
                if moment is not None and moment <= now:
                    due.append(schedule)
                    self._next[schedule.logical_id] = self._timings[schedule.logical_id].after(now)
        for schedule in due:
            self._fire(self.target(schedule), make_event(schedule, now))
        return bool(due)

    def target(self, schedule: Schedule) -> Function:
        """The function that a schedule invokes; ScheduleError when it is none."""
        function = self._resources.function_of_arn(schedule.target_arn)
        if function is None:
            raise ScheduleError(f"{schedule.logical_id}: the target is no function")
        return function

    def find(self, name: str) -> Schedule | None:
        """The schedule with that logical id, or of that function."""
        for schedule in self._resources.schedules:
            if name in (schedule.logical_id, self.target(schedule).logical_id):
                return schedule
        return None


def make_event(schedule: Schedule, now: datetime) -> dict[str, Any]:
    """What the target gets: the schedule's own input, or Scheduler's default event."""
    if schedule.payload is not None:
        given: dict[str, Any] = json.loads(schedule.payload)
        return given
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": DEFAULT_REGION,
        "resources": [arn_of("scheduler", f"schedule/default/{schedule.name}")],
        "detail": "{}",
    }

"""Parse rate, cron and at expressions, and fire the template's schedules.

Source: EventBridge Scheduler User Guide, "Schedule types".
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from coffer.domain.configuration.cron import Cron, parse_cron
from local.clock import StackClock
from local.resources import ACCOUNT, DEFAULT_REGION, Function, Resources, Schedule, arn_of

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.+)\)")
MAX_YEARS_AHEAD = 8


class ScheduleError(Exception):
    """The expression, its time zone or its target is not valid."""


class Timing(Protocol):
    """The times at which a schedule runs."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment` (aware), or None after the last one."""


@dataclass(frozen=True)
class RateTiming:
    """The times of `rate(15 minutes)`, counted from `begin`."""

    period: timedelta
    begin: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the end of the period that contains `moment`."""
        passed = (moment - self.begin) // self.period
        return self.begin + (passed + 1) * self.period


@dataclass(frozen=True)
class AtTiming:
    """The time of `at(2026-11-22T10:00:00)`."""

    moment: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the time if it is after `moment`."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class CronTiming:
    """The times of `cron(minute hour day-of-month month day-of-week year)` in a time zone."""

    cron: Cron
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return the next time, searched day by day for `MAX_YEARS_AHEAD` years."""
        local = (moment.astimezone(self.zone) + timedelta(minutes=1)).replace(
            second=0, microsecond=0
        )
        for offset in range(366 * MAX_YEARS_AHEAD):
            day = local.date() + timedelta(days=offset)
            if not self.cron.includes(day):
                continue
            for hour in sorted(self.cron.hours):
                for minute in sorted(self.cron.minutes):
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    if found >= local:
                        return found.astimezone(UTC)
        return None


def parse(expression: str, zone: str, begin: datetime | None = None) -> Timing:
    """Return the timing of an expression; raise `ScheduleError` if it or the zone is not valid.

    A rate counts from `begin`, by default from the machine's time.
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
        return RateTiming(timedelta(**{f"{match[2]}s": number}), begin)
    if match := _AT.fullmatch(expression):
        return AtTiming(datetime.fromisoformat(match[1]).replace(tzinfo=zone))
    if match := _CRON.fullmatch(expression):
        return CronTiming(parse_cron(match[1]), zone)
    raise ScheduleError(f"neither rate(…), cron(…) nor at(…): {expression}")


Fire = Callable[[Function, Mapping[str, Any]], None]


class Scheduler:
    """Fires the schedules of a template on the stack's clock.

    A schedule fires once if the clock moves past several of its times in one step.
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
        """Compute the next time of each schedule from now."""
        now = self._clock.now()
        with self._lock:
            self._next = {name: timing.after(now) for name, timing in self._timings.items()}

    def run_once(self) -> bool:
        """Fire the schedules that are due; return False if none is."""
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
        """Return the function that a schedule invokes; raise `ScheduleError` if it is none."""
        function = self._resources.function_of_arn(schedule.target_arn)
        if function is None:
            raise ScheduleError(f"{schedule.logical_id}: the target is not a function")
        return function

    def find(self, name: str) -> Schedule | None:
        """Return the schedule with that logical id, or of the function with that logical id."""
        for schedule in self._resources.schedules:
            if name in (schedule.logical_id, self.target(schedule).logical_id):
                return schedule
        return None


def make_event(schedule: Schedule, now: datetime) -> dict[str, Any]:
    """Return the event for the target: the schedule's input, or Scheduler's default event."""
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

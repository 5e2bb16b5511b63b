"""Parse cron expressions in the form of EventBridge Scheduler.

The settings check `OrphanRemovalCron` with it, and the local stack runs the template's schedules
by it. Source: Amazon EventBridge Scheduler User Guide, "Schedule types": the six fields are minute,
hour, day of month, month, day of week and year.

The reference's setting of the same name had Spring's form, whose six fields begin with the seconds
and have no year. `parse_cron` refuses that form and says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EXAMPLE = "write minute, hour, day of month, month, day of week and year, such as 0 * * * ? *"
_MAX_LENGTH = 200


class _Field(NamedTuple):
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """Names of the values, beginning with the name of `first`."""
    special: str = r"(?!)"
    """Pattern of further values: no value, the last one, the nearest weekday, the n-th weekday."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31, special=r"\?|L|(?:[1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field(
        "day of week", 1, 7, _WEEKDAYS, special=rf"\?|L|(?:[1-7]|{'|'.join(_WEEKDAYS)})(?:L|#[1-5])"
    ),
    _Field("year", 1970, 2199),
)
_MINUTE, _HOUR, _DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK, _YEAR = range(6)
_ITEM = re.compile(r"(?P<range>[^/]+)(?:/(?P<step>[1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Cron:
    """A cron expression as the sets of its minutes, hours, months and years, and its days."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    matches_day: Callable[[date], bool]
    """True for a day that fits the field day of month or day of week, whichever is not `?`."""

    def includes(self, day: date) -> bool:
        """True if the schedule runs on this day."""
        return day.year in self.years and day.month in self.months and self.matches_day(day)


def parse_cron(text: str) -> Cron:
    """Return the parsed expression.

    Raise ValueError, which says which field is wrong and what to write. For an expression in
    Spring's form it says what the same times are in EventBridge's form, if that can be said.
    """
    problem = _problem_of(text)
    if problem is None:
        fields = text.upper().split(" ")
        minutes, hours, months, years = (
            _values(_FIELDS[index], fields[index]) for index in (_MINUTE, _HOUR, _MONTH, _YEAR)
        )
        return Cron(minutes, hours, months, years, _day_matcher(fields))
    translation = _translate_from_spring(text)
    if translation is not None:
        raise ValueError(
            f"not EventBridge's cron but Spring's, whose first field is seconds: {text!r}; "
            f"write {translation}"
        )
    raise ValueError(f"not a cron of EventBridge: {text[:100]!r} ({problem}); {_EXAMPLE}")


def _problem_of(text: str) -> str | None:
    fields = text.split(" ")
    if len(text) > _MAX_LENGTH or len(fields) != len(_FIELDS):
        return f"it has {len(fields)} fields, not {len(_FIELDS)}"
    for field, value in zip(_FIELDS, fields, strict=True):
        upper = value.upper()
        if not re.fullmatch(field.special, upper, re.ASCII) and not _values(field, upper):
            return f"{value!r} is not a valid {field.name}"
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        return "one of day of month and day of week has to be ?, and not both"
    return None


def _values(field: _Field, text: str) -> frozenset[int]:
    """Return the numbers of a list such as `1-5,10/2`; empty if an item of it is not valid."""
    values: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        bounds = match and _bounds(field, match["range"], has_step=match["step"] is not None)
        if not match or not bounds:
            return frozenset()
        values.update(range(bounds[0], bounds[1] + 1, int(match["step"] or 1)))
    return frozenset(values)


def _bounds(field: _Field, text: str, *, has_step: bool) -> tuple[int, int] | None:
    """Return the bounds of `*`, of a range or of a value; a value with a step has no upper end."""
    if text == "*":
        return field.first, field.last
    first, dash, last = text.partition("-")
    low = _number(field, first)
    high = _number(field, last) if dash else field.last if has_step else low
    return None if low is None or high is None or low > high else (low, high)


def _number(field: _Field, text: str) -> int | None:
    if text in field.names:
        return field.first + field.names.index(text)
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        return None
    return int(text) if field.first <= int(text) <= field.last else None


def _day_matcher(fields: list[str]) -> Callable[[date], bool]:
    """Return the test for a day; the fields are valid and in upper case."""
    day_of_month, day_of_week = fields[_DAY_OF_MONTH], fields[_DAY_OF_WEEK]
    if day_of_month == "L":
        return lambda day: day.day == _days_in_month(day)
    if day_of_month.endswith("W"):
        target = int(day_of_month[:-1])
        return lambda day: day.day == _nearest_working_day(day, target)
    if day_of_month != "?":
        days = _values(_FIELDS[_DAY_OF_MONTH], day_of_month)
        return lambda day: day.day in days
    if day_of_week == "L":
        return lambda day: _weekday(day) == len(_WEEKDAYS)
    name, hash_sign, nth = day_of_week.partition("#")
    if hash_sign:
        weekday = _number(_FIELDS[_DAY_OF_WEEK], name)
        return lambda day: _weekday(day) == weekday and (day.day - 1) // 7 + 1 == int(nth)
    if day_of_week.endswith("L"):
        weekday = _number(_FIELDS[_DAY_OF_WEEK], day_of_week[:-1])
        return lambda day: _weekday(day) == weekday and day.day + 7 > _days_in_month(day)
    weekdays = _values(_FIELDS[_DAY_OF_WEEK], day_of_week)
    return lambda day: _weekday(day) in weekdays


def _weekday(day: date) -> int:
    """Return EventBridge's number of the weekday: Sunday is 1."""
    return day.isoweekday() % 7 + 1


def _days_in_month(day: date) -> int:
    return ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day


def _nearest_working_day(month: date, target: int) -> int | None:
    """Return the day from Monday to Friday, in the same month, that is nearest to `target`."""
    last = _days_in_month(month)
    if target > last:
        return None
    weekday = month.replace(day=target).isoweekday()
    if weekday == 6:
        return target - 1 if target > 1 else target + 2
    if weekday == 7:
        return target + 1 if target < last else target - 2
    return target


def _translate_from_spring(text: str) -> str | None:
    """Return EventBridge's form of an expression in Spring's form; None if there is none.

    Spring counts weekdays from Sunday as 0 or 7, EventBridge from Sunday as 1. The names are the
    same.
    """
    fields = text.split(" ")
    if len(fields) != len(_FIELDS) or not re.fullmatch(r"0?0", fields[0]):
        return None
    _, minute, hour, day, month, weekday = fields
    named = re.sub(r"[0-7]", lambda number: _WEEKDAYS[int(number[0]) % 7], weekday)
    if weekday in ("*", "?"):
        translation = f"{minute} {hour} {'*' if day == '?' else day} {month} ? *"
    elif day in ("*", "?"):
        translation = f"{minute} {hour} ? {month} {named} *"
    else:
        return None
    return translation if _problem_of(translation) is None else None

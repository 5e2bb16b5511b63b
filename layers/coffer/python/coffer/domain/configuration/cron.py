"""When the orphan removal runs: a cron expression in EventBridge's form, told from Spring's.

Source: Amazon EventBridge Scheduler User Guide, "Schedule types", whose six fields are minute,
hour, day of month, month, day of week and year. The reference took Spring's, whose six begin with
the seconds and have no year: read as EventBridge's they would mean another time, or none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EXAMPLE = "write minute, hour, day of month, month, day of week and year, such as 0 * * * ? *"


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    """Names of its values, the first of which is `least`."""
    special: str = r"(?!)"
    """What else it takes."""


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
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4
_STEP = re.compile(r"(?P<of>[^/]+)(?:/(?P<step>[1-9]\d{0,2}))?", re.ASCII)


def check_cron(text: str) -> None:
    """ValueError, saying which field is wrong and what to write, unless EventBridge takes `text`.

    Of an expression in Spring's form it says what to write instead, where EventBridge can say it.
    """
    problem = _problem_of(text)
    if problem is None:
        return
    meant = _translated(text)
    if meant is not None:
        raise ValueError(
            f"not EventBridge's cron but Spring's, whose first field is seconds: {text!r}; "
            f"write {meant}"
        )
    raise ValueError(f"no cron that EventBridge takes: {text[:100]!r} ({problem}); {_EXAMPLE}")


def _problem_of(text: str) -> str | None:
    fields = text.split(" ")
    if len(text) > 200 or len(fields) != len(_FIELDS):
        return f"it has {len(fields)} fields, not {len(_FIELDS)}"
    for field, value in zip(_FIELDS, fields, strict=True):
        if not _fits(field, value):
            return f"{value!r} is no {field.name}"
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        return "one of day of month and day of week has to be ?, and not both"
    return None


def _fits(field: _Field, value: str) -> bool:
    upper = value.upper()
    if re.fullmatch(field.special, upper, re.ASCII):
        return True
    return all(_is_span(field, one) for one in upper.split(","))


def _is_span(field: _Field, text: str) -> bool:
    """Whether one of the values between commas is `*`, a value or a range, with or without step."""
    found = _STEP.fullmatch(text)
    if found is None:
        return False
    if found["of"] == "*":
        return True
    first, dash, last = found["of"].partition("-")
    numbers = [_number(field, one) for one in ((first, last) if dash else (first,))]
    known = [number for number in numbers if number is not None]
    return len(known) == len(numbers) and known == sorted(known)


def _number(field: _Field, text: str) -> int | None:
    if text in field.words:
        return field.least + field.words.index(text)
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        return None
    return int(text) if field.least <= int(text) <= field.most else None


def _translated(text: str) -> str | None:
    """What EventBridge calls the times of an expression in Spring's form; None where it can't.

    Spring counts weekdays from Sunday, 0 or 7, EventBridge from Sunday, 1: names are the same.
    """
    fields = text.split(" ")
    if len(fields) != len(_FIELDS) or not re.fullmatch(r"0?0", fields[0]):
        return None
    _, minute, hour, day, month, weekday = fields
    named = re.sub(r"[0-7]", lambda number: _WEEKDAYS[int(number[0]) % 7], weekday)
    if weekday in ("*", "?"):
        meant = f"{minute} {hour} {'*' if day == '?' else day} {month} ? *"
    elif day in ("*", "?"):
        meant = f"{minute} {hour} ? {month} {named} *"
    else:
        return None
    return meant if _problem_of(meant) is None else None

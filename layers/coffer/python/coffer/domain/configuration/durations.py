"""Parse durations such as `OrphanRemovalObjectMaxAge`.

`20d` and `12h` are the reference's form (Spring's simple style), and `1h30m` extends it. `P20D` and
`PT12H` are the form of ISO 8601. A plain number means seconds, as in the reference.
"""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = re.compile(r"\d+")
_SIMPLE = re.compile(
    r"(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?"
    r"(?:(?P<seconds>\d+)s)?",
    re.ASCII | re.IGNORECASE,
)
_ISO_8601 = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
MAX_DURATION = timedelta(days=36_500)
"""Longer than any useful age, and short enough to be subtracted from a date."""


def parse_duration(text: str) -> timedelta:
    """Return the duration. Raise `ValueError`, with the accepted forms, if the text is invalid.

    Months and years are refused, because their length varies.
    """
    duration = _parse(text)
    if duration is None:
        raise ValueError(
            f"not a duration: {text!r}; write 20d, 12h, 1h30m, P20D, PT12H or a number of seconds"
        )
    if duration > MAX_DURATION:
        raise ValueError(f"longer than {MAX_DURATION.days} days: {text!r}")
    return duration


def _parse(text: str) -> timedelta | None:
    if len(text) > 40 or not text.isascii():
        return None
    if _SECONDS.fullmatch(text):
        return _sum({"seconds": text})
    match = _ISO_8601.fullmatch(text) or _SIMPLE.fullmatch(text)
    if match is None:
        return None
    amounts = {unit: amount for unit, amount in match.groupdict().items() if amount is not None}
    return _sum(amounts) if amounts else None


def _sum(amounts: dict[str, str]) -> timedelta:
    try:
        return timedelta(**{unit: int(amount) for unit, amount in amounts.items()})
    except OverflowError:
        return timedelta.max

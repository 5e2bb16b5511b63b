"""How long: the three spellings in which an age can be configured.

`20d`, `12h`, `1h30m` are what the reference takes (Spring's simple style, several units allowed
here); `P20D`, `PT12H` are ISO 8601's; a bare number is seconds, as the reference has it.
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
MOST = timedelta(days=36_500)
"""A century: longer than any age that is meant, and short enough to be subtracted from a date."""


def parse_duration(text: str) -> timedelta:
    """The duration that `text` spells; ValueError, saying what is taken, for anything else.

    Months and years are refused: they have no length of their own.
    """
    duration = _read(text)
    if duration is None:
        raise ValueError(
            f"not a duration: {text!r}; write 20d, 12h, 1h30m, P20D, PT12H or a number of seconds"
        )
    if duration > MOST:
        raise ValueError(f"longer than {MOST.days} days: {text!r}")
    return duration


def _read(text: str) -> timedelta | None:
    if len(text) > 40 or not text.isascii():
        return None
    if _SECONDS.fullmatch(text):
        return _sum({"seconds": text})
    found = _ISO_8601.fullmatch(text) or _SIMPLE.fullmatch(text)
    if found is None:
        return None
    amounts = {unit: amount for unit, amount in found.groupdict().items() if amount is not None}
    return _sum(amounts) if amounts else None


def _sum(amounts: dict[str, str]) -> timedelta:
    try:
        return timedelta(**{unit: int(amount) for unit, amount in amounts.items()})
    except OverflowError:
        return timedelta.max

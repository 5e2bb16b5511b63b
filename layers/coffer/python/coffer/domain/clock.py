"""The Clock port and the text form of times. All times are aware and in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

RemainingTime = Callable[[], timedelta]
"""Returns the time that is left for the invocation."""


class Clock(Protocol):
    """The source of the current time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


def to_text(moment: datetime) -> str:
    """Return ISO 8601 in UTC with microseconds and Z; the texts sort in time order."""
    # Not strftime: it writes years before 1000 with fewer than four digits.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def from_text(text: str) -> datetime:
    """Parse ISO 8601 with an offset or Z; raise ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)

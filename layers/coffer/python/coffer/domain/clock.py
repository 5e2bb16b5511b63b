"""Time, as the domain sees it: always aware, always UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a Z: sorts as text as it does in time."""
    # Not strftime: it writes years before 1000 with fewer than four digits.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def from_text(text: str) -> datetime:
    """The moment that `to_text` wrote, or any ISO 8601 text with an offset; else ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)

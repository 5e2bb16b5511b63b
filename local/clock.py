"""The stack's clock: the machine's time plus an offset that can be moved forward."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MAX_OFFSET = timedelta(days=365 * 100)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AMOUNT = re.compile(r"(\d+)([smhdw])")


class WakeupSignal:
    """Wakes whoever waits for something to do; a ring between two waits isn't lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """How often it rang so far: what to give to `wait`."""
        return self._count

    def notify(self) -> None:
        """Wakes everybody."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Waits until it has rung more often than `seen`, at most so many seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen, seconds)


class StackClock:
    """Time as every part of the stack sees it: handlers, queues, streams, schedules, TTL, S3."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen_at: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def offset(self) -> timedelta:
        """How far the clock is ahead of the machine."""
        return self._offset

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return (self._frozen_at or datetime.now(UTC)) + self._offset

    def seconds(self) -> float:
        """The time in seconds since 1970."""
        return self.now().timestamp()

    def milliseconds(self) -> float:
        """The time in milliseconds since 1970."""
        return self.seconds() * 1000

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward; ValueError for backward, which no AWS service survives.

        And for so far that what handlers add to the time (a TTL, an expiry) leaves the calendar.
        """
        if by < timedelta():
            raise ValueError("the clock only moves forward")
        if self._offset + by > MAX_OFFSET:
            raise ValueError(f"the clock goes no further ahead than {MAX_OFFSET.days // 365} years")
        self._offset += by
        for listener in self._listeners:
            listener()

    def freeze(self) -> None:
        """Only moves by `advance` from now on, so that a run doesn't depend on how fast it was."""
        self._frozen_at = datetime.now(UTC)

    def reset(self) -> None:
        """Back to the machine's time, for the next test."""
        self._offset = timedelta()
        if self._frozen_at is not None:
            self.freeze()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls the listener after each move."""
        self._listeners.append(listener)


def parse_duration(text: str) -> timedelta:
    """`+21d`, `12h`, `1h30m`, `45s` as a duration; ValueError for anything else."""
    bare = text.removeprefix("+")
    parts = _AMOUNT.findall(bare)
    if not parts or "".join(number + unit for number, unit in parts) != bare:
        raise ValueError(f"not a duration such as +21d, 12h or 1h30m: {text!r}")
    total = timedelta()
    try:
        for number, unit in parts:
            total += timedelta(**{_UNITS[unit]: int(number)})
    except (OverflowError, ValueError) as error:
        raise ValueError(f"longer than any clock: {text!r}") from error
    return total

"""The stack's clock, and a signal that wakes threads that wait for work."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MAX_OFFSET = timedelta(days=365 * 100)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AMOUNT = re.compile(r"(\d+)([smhdw])")


class WakeupSignal:
    """A counter of notifications that threads can wait on.

    A thread reads `count`, looks for work, then calls `wait` with that count. A notification that
    came in between is not lost: `wait` then returns at once.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """The number of notifications so far."""
        return self._count

    def notify(self) -> None:
        """Wake all waiting threads."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until `count` differs from `seen`, at most `seconds`."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen, seconds)


class StackClock:
    """This machine's time plus an offset that can be increased.

    Handlers, queues, streams, schedules, TTL and S3 all use it.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen_at: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def offset(self) -> timedelta:
        """The difference from the machine's clock."""
        return self._offset

    def now(self) -> datetime:
        """Return the time as an aware UTC datetime."""
        return (self._frozen_at or datetime.now(UTC)) + self._offset

    def seconds(self) -> float:
        """Return the time in seconds since 1970."""
        return self.now().timestamp()

    def milliseconds(self) -> float:
        """Return the time in milliseconds since 1970."""
        return self.seconds() * 1000

    def advance(self, by: timedelta) -> None:
        """Move the clock forward.

        Raise ValueError for a negative duration, and for an offset above `MAX_OFFSET`: a TTL or
        expiry that a handler adds would then leave the range of datetime.
        """
        if by < timedelta():
            raise ValueError("the clock only moves forward")
        if self._offset + by > MAX_OFFSET:
            raise ValueError(f"the clock goes no further ahead than {MAX_OFFSET.days // 365} years")
        self._offset += by
        for listener in self._listeners:
            listener()

    def freeze(self) -> None:
        """Stop the clock except for `advance`, so that a run does not depend on its speed."""
        self._frozen_at = datetime.now(UTC)

    def reset(self) -> None:
        """Set the clock back to the machine's time."""
        self._offset = timedelta()
        if self._frozen_at is not None:
            self.freeze()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each `advance`."""
        self._listeners.append(listener)


def parse_duration(text: str) -> timedelta:
    """Parse `+21d`, `12h`, `1h30m` or `45s`; raise ValueError for anything else."""
    amounts = text.removeprefix("+")
    parts = _AMOUNT.findall(amounts)
    if not parts or "".join(number + unit for number, unit in parts) != amounts:
        raise ValueError(f"not a duration such as +21d, 12h or 1h30m: {text!r}")
    total = timedelta()
    try:
        for number, unit in parts:
            total += timedelta(**{_UNITS[unit]: int(number)})
    except (OverflowError, ValueError) as error:
        raise ValueError(f"the duration is too long: {text!r}") from error
    return total

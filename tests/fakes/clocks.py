"""The Clock port with a fixed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)


class FrozenClock:
    """The Clock port. Its time changes only with `advance`."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def advance(self, time: timedelta) -> None:
        self._moment += time

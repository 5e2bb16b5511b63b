"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)


class FrozenClock:
    """The Clock port: always the same moment."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def advance(self, time: timedelta) -> None:
        self._moment += time

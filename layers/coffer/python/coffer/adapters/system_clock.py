"""The Clock port with the system time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Returns the system time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

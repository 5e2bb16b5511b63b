"""Decide when cached public keys are fetched again."""

from __future__ import annotations

from datetime import datetime, timedelta

from coffer.domain.clock import Clock

KEY_LIFE = timedelta(hours=1)
MIN_FETCH_INTERVAL = timedelta(seconds=30)
"""Tokens with invented key names cannot cause more fetches than this allows."""


class KeyRefresh:
    """The time of the last attempt to fetch keys, successful or not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempted: datetime | None = None

    @property
    def is_due(self) -> bool:
        """True if the keys are older than KEY_LIFE."""
        return self._age() >= KEY_LIFE

    def start(self) -> bool:
        """Return True and remember the time if keys may be fetched now."""
        if self._age() < MIN_FETCH_INTERVAL:
            return False
        self._attempted = self._clock.now()
        return True

    def _age(self) -> timedelta:
        if self._attempted is None:
            return timedelta.max
        age = self._clock.now() - self._attempted
        # The clock was set back, so the age is unknown: allow a fetch.
        return age if age >= timedelta(0) else timedelta.max

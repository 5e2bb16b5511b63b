"""Lease an export to one worker, which alone writes its record.

A worker extends its lease with heartbeats. If the worker dies, the lease expires.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from coffer.domain.clock import Clock, RemainingTime
from coffer.domain.errors import RecordChangedError
from coffer.domain.export.ports import MAX_COPY_TIME, Exports
from coffer.domain.export.record import Export

MIN_REMAINING_TIME = timedelta(minutes=1)
"""A worker stops if it has less time than this; another one resumes."""
MIN_TIME_TO_COPY = 3 * MAX_COPY_TIME
"""A worker starts no copy with less time than this: a part can take three calls."""
HEARTBEAT_INTERVAL = timedelta(seconds=2)
"""How often a worker extends its lease and updates the progress in the record."""


class OutOfTimeError(Exception):
    """The worker has too little time left."""


class Lease:
    """The lease of one worker; `export` is the record as this worker last wrote it.

    Every method that writes raises RecordChangedError if another worker has the lease.
    """

    def __init__(
        self, exports: Exports, clock: Clock, export: Export, remaining: RemainingTime
    ) -> None:
        self.export = export
        self._exports, self._clock, self._remaining = exports, clock, remaining
        self._last_heartbeat = clock.now()

    @property
    def is_heartbeat_due(self) -> bool:
        return self._clock.now() - self._last_heartbeat >= HEARTBEAT_INTERVAL

    def check_time(self, needed: timedelta = MIN_REMAINING_TIME) -> None:
        """Raise OutOfTimeError if less time is left than the next calls need."""
        if self._remaining() < needed:
            raise OutOfTimeError

    def heartbeat(self, entries_done: int, bytes_done: int) -> None:
        """Extend the lease and write the progress to the record."""
        self.write(self.export.with_heartbeat(self._start_interval(), entries_done, bytes_done))

    def progress_saved(self, entries_done: int, bytes_done: int) -> None:
        """Extend the lease after a checkpoint was saved, and reset the count of attempts."""
        now = self._start_interval()
        self.write(self.export.with_progress_saved(now, entries_done, bytes_done))

    def release(self, *, is_attempt: bool = True) -> None:
        """End the lease; do nothing if another worker has it.

        A run that is no attempt does not count towards the limit of attempts.
        """
        try:
            self.write(self.export.released(self._clock.now(), is_attempt=is_attempt))
        except RecordChangedError:
            return

    def write(self, after: Export) -> None:
        """Write the record."""
        self.export = self._exports.replace(self.export, after)

    def _start_interval(self) -> datetime:
        self._last_heartbeat = self._clock.now()
        return self._last_heartbeat

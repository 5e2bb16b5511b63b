"""The lease of an export: while a worker has it nobody else writes the record.

Who dies loses it when it ends by itself; who lives makes it longer now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError
from coffer.domain.export.ports import Exports
from coffer.domain.export.record import AccessKey, Export

MIN_REMAINING_TIME = timedelta(minutes=1)
"""With less than this left a worker stops, and another one goes on."""
HEARTBEAT_INTERVAL = timedelta(seconds=2)
"""How often the record is told how far a worker is, and that it lives."""

RemainingTime = Callable[[], timedelta]


class OutOfTimeError(Exception):
    """The worker's time is nearly up."""


class Lease:
    """What one worker has: `export` is the record as this worker wrote it last.

    Whatever writes raises RecordChangedError where another worker has the lease.
    """

    def __init__(
        self, exports: Exports, clock: Clock, export: Export, remaining: RemainingTime
    ) -> None:
        self.export = export
        self._exports, self._clock, self._remaining = exports, clock, remaining
        self._told = clock.now()

    @property
    def is_silent(self) -> bool:
        """Whether it is time for another sign of life."""
        return self._clock.now() - self._told >= HEARTBEAT_INTERVAL

    def check_time(self) -> None:
        """Raise OutOfTimeError where there is not enough left for another step."""
        if self._remaining() < MIN_REMAINING_TIME:
            raise OutOfTimeError

    def hold(self, entries_done: int, bytes_done: int) -> None:
        """Make the lease longer."""
        self.write(self.export.at_work(self._tell(), entries_done, bytes_done))

    def advance(self, entries_done: int, bytes_done: int) -> None:
        """The same once it has been kept how far the worker came."""
        self.write(self.export.advanced(self._tell(), entries_done, bytes_done))

    def release(self) -> None:
        """Let anyone go on; nothing happens where another worker does already."""
        try:
            self.write(self.export.released(self._clock.now()))
        except RecordChangedError:
            return

    def write(self, after: Export, access: AccessKey | None = None) -> None:
        """Write the record, and the key of the archive with it."""
        self.export = self._exports.replace(self.export, after, access)

    def _tell(self) -> datetime:
        self._told = self._clock.now()
        return self._told

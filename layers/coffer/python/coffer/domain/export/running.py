"""Limit the exports that a user has running at the same time, also for simultaneous requests.

Each user has one list of started exports, which is replaced on condition that no other request
has replaced it. A finished export leaves the list when the user starts the next one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, RecordChangedError, TooManyRequestsError
from coffer.domain.export.ports import Exports, StartedExports

_MAX_ATTEMPTS = 5
_START_TIME = timedelta(minutes=1)
"""A started export whose record is not written after this time failed to start."""


@dataclass(frozen=True, kw_only=True)
class RunningExports:
    """The exports of each user that are not finished, at most `maximum` of them."""

    exports: Exports
    started: StartedExports
    clock: Clock
    maximum: int

    def add(self, caller: Caller, identifier: str) -> None:
        """Add an export that is about to be written; do nothing if it was added before.

        Raises TooManyRequestsError if the user has as many as are allowed.
        """
        owner = _owner_key(caller)
        for _ in range(_MAX_ATTEMPTS):
            now = self.clock.now()
            before = self.started.get(owner)
            running = {
                other: started_on
                for other, started_on in before.times.items()
                if other != identifier and self._is_running(other, started_on, now)
            }
            if len(running) >= self.maximum:
                raise TooManyRequestsError(
                    "too_many_exports",
                    f"You have {len(running)} exports that are not finished; at most "
                    f"{self.maximum} are allowed at the same time. Wait until one of them is "
                    "finished (GET /api/v1/object-export shows them), then send the request again.",
                )
            try:
                self.started.replace(before, {**running, identifier: now})
            except RecordChangedError:
                continue
            return
        raise ConflictError(
            "exports_busy", "You are starting too many exports at the same moment. Try again."
        )

    def _is_running(self, identifier: str, started_on: datetime, now: datetime) -> bool:
        export = self.exports.get(identifier)
        return export.is_unfinished if export else now < started_on + _START_TIME


def _owner_key(caller: Caller) -> str:
    """Return the name of a user's list. A subject stays the same if the user changes the name."""
    name = f"sub {caller.subject}" if caller.subject else f"name {caller.username}"
    return f"exports of {hashlib.sha256(name.encode()).hexdigest()}"

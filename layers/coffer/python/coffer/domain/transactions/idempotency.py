"""Run a request that creates something once, even if it is sent again with the same key.

A run is stored before the request is processed: who sent what under which key, with a lease. Its
response is stored for a day. If a function dies, its lease ends after a while. The next request
with the key then takes over the run. It creates records under the same identifiers, so it finds
those that the first function had created. No function runs longer than a lease, so two functions
never work on the same run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, InvalidError, RecordChangedError, RecordExistsError
from coffer.domain.identifiers import derived_identifier
from coffer.domain.transactions.commit import MAX_ATTEMPTS, ReservedIdentifier, records_busy

LIFE = timedelta(hours=24)
LEASE = timedelta(seconds=60)
HEADER = "Idempotency-Key"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A request under a key. `fingerprint` is the hash of its content."""

    key: str
    fingerprint: str
    started_on: datetime
    leased_until: datetime
    expires_at: datetime
    response: bytes | None = None
    revision: int = 1

    def identifier(self, number: int = 0) -> str:
        """Return the identifier of the record with this number that the run creates."""
        return derived_identifier(self.started_on, f"{self.key}/{self.fingerprint}", number)

    def reserved(self, number: int = 0) -> ReservedIdentifier:
        """Return the same identifier for a plan."""
        return ReservedIdentifier(self.identifier(number))


class Runs(Protocol):
    """Reads and writes the runs of the last day."""

    def get(self, key: str) -> Run | None:
        """Return the run under this key; None if it does not exist or has expired."""
        ...

    def add(self, run: Run) -> None:
        """Store a run; raise `RecordExistsError` if an unexpired run has its key."""
        ...

    def replace(self, before: Run, after: Run) -> Run:
        """Write `after` in place of `before`, and return it with its new revision.

        Raises `RecordChangedError` if the run was written after `before` was read.
        """
        ...

    def remove(self, run: Run) -> None:
        """Delete a run; do nothing if it was written after it was read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """Dependencies of idempotent requests."""

    runs: Runs
    clock: Clock

    def begin(self, caller: Caller, route: str, key: str, fingerprint: str) -> Run:
        """Return the run of this request, with its response if the request was processed before.

        Raises `InvalidError` if a different request was sent under the key, and `ConflictError` if
        another function is processing the request.
        """
        name = hashlib.sha256(
            f"{caller.subject or caller.username}\0{route}\0{key}".encode()
        ).hexdigest()
        for _ in range(MAX_ATTEMPTS):
            now = self.clock.now()
            new = Run(
                key=name,
                fingerprint=fingerprint,
                started_on=now,
                leased_until=now + LEASE,
                expires_at=(now + LIFE).replace(microsecond=0),
            )
            try:
                before = self.runs.get(name)
                if before is None:
                    self.runs.add(new)
                    return new
                return self._take_over(before, fingerprint, now)
            except (RecordExistsError, RecordChangedError):
                continue
        raise records_busy()

    def finish(self, run: Run, response: bytes) -> None:
        """Store the response, unless another function has taken over the run."""
        self._replace(run, replace(run, response=response))

    def give_up(self, run: Run) -> None:
        """End the lease, because something may have been written: a retry takes over at once."""
        self._replace(run, replace(run, leased_until=self.clock.now()))

    def forget(self, run: Run) -> None:
        """Delete the run, because nothing was written: the key can be used again."""
        self.runs.remove(run)

    def _take_over(self, before: Run, fingerprint: str, now: datetime) -> Run:
        if before.fingerprint != fingerprint:
            raise InvalidError(
                "idempotency_key_reused",
                "Another request was sent with this key. Use a new key for each request.",
                header=HEADER,
            )
        if before.response is not None:
            return before
        if before.leased_until > now:
            raise ConflictError(
                "idempotency_key_in_use",
                "A request with this key is being processed. Try again in a moment.",
                header=HEADER,
            )
        return self.runs.replace(before, replace(before, leased_until=now + LEASE))

    def _replace(self, run: Run, after: Run) -> None:
        try:
            self.runs.replace(run, after)
        except RecordChangedError:
            return

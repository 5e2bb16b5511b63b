"""Idempotency: a request that creates something and is sent again with the same key happens once.

A run is noted before anything is done, with who wants what under which key, and with a lease. Its
answer is kept for a day. A run that died loses its lease by time: the next one with the key takes
over, makes records under the very identifiers that the dead one would have, and so finds what that
one had made already. Two runs never work at the same time: no function lives as long as a lease.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    InvalidError,
    RecordChangedError,
    RecordExistsError,
)
from coffer.domain.identifiers import derived_identifier
from coffer.domain.transactions.commit import MAX_ATTEMPTS, ReservedIdentifier, records_busy

LIFE = timedelta(hours=24)
LEASE = timedelta(seconds=60)
HEADER = "Idempotency-Key"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A request under a key. `fingerprint` is the hash of what was sent."""

    key: str
    fingerprint: str
    started_on: datetime
    leased_until: datetime
    expires_at: datetime
    answer: bytes | None = None
    revision: int = 1

    def identifier(self, number: int = 0) -> str:
        """The identifier of the record with this number that the run makes, whoever finishes it."""
        return derived_identifier(self.started_on, f"{self.key}/{self.fingerprint}", number)

    def reserved(self, number: int = 0) -> ReservedIdentifier:
        """The same, for a plan."""
        return ReservedIdentifier(self.identifier(number))


class Runs(Protocol):
    """The runs of the last day."""

    def get(self, key: str) -> Run | None:
        """The run under this key, until it expires."""
        ...

    def add(self, run: Run) -> None:
        """Note a run; raises RecordExistsError where one that hasn't expired has its key."""
        ...

    def replace(self, before: Run, after: Run) -> Run:
        """Write `after` in the place of `before`, and return it as it now stands.

        Raises RecordChangedError where anybody wrote since `before` was read.
        """
        ...

    def remove(self, run: Run) -> None:
        """Forget a run; nothing happens where somebody else has it by now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """The parts of the world in which requests are told from their repetitions."""

    runs: Runs
    clock: Clock

    def begin(self, caller: Caller, route: str, key: str, fingerprint: str) -> Run:
        """The run of this request: with its answer, where it has been answered already.

        Raises InvalidError where something else was sent under the key, and ConflictError while a
        run of it is at work.
        """
        name = hashlib.sha256(f"{caller.username}\0{route}\0{key}".encode()).hexdigest()
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
                return self._go_on(before, fingerprint, now)
            except (RecordExistsError, RecordChangedError):
                continue
        raise records_busy()

    def finish(self, run: Run, answer: bytes) -> None:
        """Keep the answer; where another run has taken over, its answer stays."""
        self._settle(run, replace(run, answer=answer))

    def give_up(self, run: Run) -> None:
        """Let the next one with the key go on at once: something may have been written."""
        self._settle(run, replace(run, leased_until=self.clock.now()))

    def forget(self, run: Run) -> None:
        """Nothing was written: the key is free again."""
        self.runs.remove(run)

    def _go_on(self, before: Run, fingerprint: str, now: datetime) -> Run:
        if before.fingerprint != fingerprint:
            raise InvalidError(
                "idempotency_key_reused",
                "Another request was sent with this key. Make a new key for each request.",
                header=HEADER,
            )
        if before.answer is not None:
            return before
        if before.leased_until > now:
            raise ConflictError(
                "idempotency_key_in_use",
                "A request with this key is being worked on. Ask again in a moment.",
                header=HEADER,
            )
        return self.runs.replace(before, replace(before, leased_until=now + LEASE))

    def _settle(self, run: Run, after: Run) -> None:
        try:
            self.runs.replace(run, after)
        except RecordChangedError:
            return

"""Cascading: what was made from a file goes with the record that describes the file.

As many derivatives as fit go in the transaction that deletes the record, more behind it in the same
request. The tombstone stays on a sparse index until housekeeping has seen, an hour later, that none
is left: then also of those that a crash left, or that were created in that very moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from coffer.domain.clock import Clock
from coffer.domain.derivative import Derivative
from coffer.domain.errors import StepsRefusedError
from coffer.domain.metadata import Metadata
from coffer.domain.ports import Catalogue, Uploads
from coffer.domain.steps import MOST_STEPS, Release, Replace, Step, instance_of
from coffer.domain.thumbnail_records import buried, expiry

MOST_ROUNDS = 10
"""So many transactions one request makes behind the first; housekeeping does the rest."""
_STEPS_OF_ONE = 2


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """The parts of the world in which deletions spread."""

    uploads: Uploads
    catalogue: Catalogue
    clock: Clock

    def steps(self, deleted: Metadata, room: int) -> list[Step]:
        """What deletes as many derivatives of a deleted record as there is room for."""
        now = self.clock.now()
        steps: list[Step] = []
        for derivative in self._left(deleted, room // _STEPS_OF_ONE):
            steps.append(Replace(derivative, buried(derivative, str(deleted.deleted_by), now)))
            steps += release_of(derivative, now)
        return steps

    def go_on(self, deleted: Metadata) -> bool:
        """Delete the derivatives of a deleted record that are left; whether none is, now."""
        for _ in range(MOST_ROUNDS):
            steps = self.steps(deleted, MOST_STEPS)
            if not steps:
                return True
            try:
                self.catalogue.commit(steps)
            except StepsRefusedError:
                continue  # somebody wrote one of them; the next round sees it as it is now
        return False

    def confirm(self, identifier: str) -> bool:
        """Let a tombstone expire once none of its derivatives is left; whether none is."""
        deleted = self.catalogue.metadata(identifier)
        if deleted is None or deleted.cascading_since is None:
            return True
        if not self.go_on(deleted):
            return False
        after = replace(deleted, cascading_since=None, expires_at=expiry(self.clock.now()))
        self.catalogue.commit((Replace(deleted, after),))
        return True

    def _left(self, deleted: Metadata, most: int) -> Iterator[Derivative]:
        """Derivatives that are there, read as they are: the index may lag behind."""
        indexed = islice(self.catalogue.derived_from(deleted.identifier), most)
        known = [derivative.identifier for derivative in indexed]
        current = self.catalogue.derivatives_of([*self._generated(deleted), *known])
        for derivative in islice(current.values(), most):
            is_its = derivative.ac_derived_from == deleted.identifier
            if is_its and derivative.deleted_on is None:
                yield derivative

    def _generated(self, deleted: Metadata) -> list[str]:
        """The generated thumbnail, which was perhaps written too lately for the index."""
        upload = self.uploads.get(deleted.file_identifier) if deleted.file_identifier else None
        return [upload.thumbnail_identifier] if upload and upload.thumbnail_identifier else []


def release_of(derivative: Derivative, now: datetime) -> tuple[Step, ...]:
    """What gives back the claim of a derivative; a generated thumbnail has none."""
    if derivative.is_generated:
        return ()
    claimant = instance_of(derivative)
    return (Release(file_identifier=derivative.file_identifier, claimant=claimant, since=now),)

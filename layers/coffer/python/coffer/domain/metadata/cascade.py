"""Cascading: what was made from a file goes with the record that describes the file.

As many derivatives as fit go in the transaction that deletes the record, more behind it in the same
request. The tombstone stays on a sparse index until housekeeping has seen, an hour later, that none
is left: then also of those that a crash left, or that were created in that very moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from coffer.domain.clock import Clock
from coffer.domain.derivatives.delete import release_claim
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.thumbnail_record import derivative_tombstone
from coffer.domain.errors import TransactionCanceledError
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import MAX_ACTIONS, Action, Replace
from coffer.domain.transactions.tombstones import tombstone_expiry
from coffer.domain.uploads.ports import Uploads

MAX_ROUNDS = 10
"""So many transactions one request makes behind the first; housekeeping does the rest."""
_STEPS_OF_ONE = 2


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """The parts of the world in which deletions spread."""

    uploads: Uploads
    catalogue: Catalogue
    clock: Clock

    def actions(self, deleted: Metadata, room: int) -> list[Action]:
        """What deletes as many derivatives of a deleted record as there is room for."""
        now = self.clock.now()
        actions: list[Action] = []
        for derivative in self._left(deleted, room // _STEPS_OF_ONE):
            actions.append(
                Replace(derivative, derivative_tombstone(derivative, str(deleted.deleted_by), now))
            )
            actions += release_claim(derivative, now)
        return actions

    def go_on(self, deleted: Metadata) -> bool:
        """Delete the derivatives of a deleted record that are left; whether none is, now."""
        for _ in range(MAX_ROUNDS):
            actions = self.actions(deleted, MAX_ACTIONS)
            if not actions:
                return True
            try:
                self.catalogue.commit(actions)
            except TransactionCanceledError:
                continue  # somebody wrote one of them; the next round sees it as it is now
        return False

    def confirm(self, identifier: str) -> bool:
        """Let a tombstone expire once none of its derivatives is left; whether none is."""
        deleted = self.catalogue.metadata(identifier)
        if deleted is None or deleted.cascading_since is None:
            return True
        if not self.go_on(deleted):
            return False
        after = replace(
            deleted, cascading_since=None, expires_at=tombstone_expiry(self.clock.now())
        )
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

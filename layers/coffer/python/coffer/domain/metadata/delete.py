"""Delete a metadata record and its derivatives. The file stays and can be described again.

The transaction that deletes the metadata deletes as many derivatives as it has room for, and the
same request deletes the others afterwards. Derivatives may remain if the function died, or if they
were created at the same time. So the tombstone stays on a sparse index until housekeeping, an hour
later, finds no derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.delete import release_claim
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.thumbnail_record import derivative_tombstone
from coffer.domain.errors import TransactionCanceledError
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import find_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.permissions.rights import METADATA, Permission, require_right
from coffer.domain.transactions.actions import (
    MAX_ACTIONS,
    MAX_TRANSACTION_BYTES,
    Action,
    Release,
    Replace,
    written_bytes,
)
from coffer.domain.transactions.commit import PlannedChange, Precondition, commit_change
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.transactions.tombstones import tombstone_expiry
from coffer.domain.uploads.ports import Uploads

MAX_TRANSACTIONS = 10
"""Maximum of one request after its first transaction. Housekeeping deletes the rest."""
_ACTIONS_PER_DERIVATIVE = 2


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """Dependencies of deleting the derivatives of deleted metadata."""

    uploads: Uploads
    catalogue: Catalogue
    clock: Clock

    def actions(self, deleted: Metadata, before: Sequence[Action] = ()) -> list[Action]:
        """Return the actions that delete derivatives of a deleted record.

        They are as many as fit into a transaction with the actions `before`.
        """
        now = self.clock.now()
        actions: list[Action] = []
        size, room = written_bytes(before), MAX_ACTIONS - len(before)
        for derivative in self._remaining(deleted, room // _ACTIONS_PER_DERIVATIVE):
            tombstone = derivative_tombstone(derivative, str(deleted.deleted_by), now)
            size += written_bytes([replaced := Replace(derivative, tombstone)])
            if size > MAX_TRANSACTION_BYTES:
                break
            actions += [replaced, *release_claim(derivative, now)]
        return actions

    def delete_remaining(self, deleted: Metadata) -> bool:
        """Delete the remaining derivatives of a deleted record; return True if none is left."""
        for _ in range(MAX_TRANSACTIONS):
            actions = self.actions(deleted)
            if not actions:
                return True
            try:
                self.catalogue.commit(actions)
            except TransactionCanceledError:
                continue  # Another request wrote a derivative. Read it again.
        return False

    def complete(self, identifier: str) -> bool:
        """Delete the remaining derivatives and let the tombstone expire if none is left.

        Returns True if none is left.
        """
        deleted = self.catalogue.metadata(identifier)
        if deleted is None or deleted.cascading_since is None:
            return True
        if not self.delete_remaining(deleted):
            return False
        expires_at = tombstone_expiry(identifier, self.clock.now())
        after = replace(deleted, cascading_since=None, expires_at=expires_at)
        self.catalogue.commit((Replace(deleted, after),))
        return True

    def _remaining(self, deleted: Metadata, limit: int) -> Iterator[Derivative]:
        """Yield undeleted derivatives of the same bucket.

        They are read from the table because the index may lag behind. Derivatives of other buckets
        belong to other groups, which decide on them.
        """
        derived = self.catalogue.derived_from(deleted.identifier)
        indexed = islice((one for one in derived if _is_in_bucket_of(deleted, one)), limit)
        known = [derivative.identifier for derivative in indexed]
        current = self.catalogue.derivatives_of([*self._generated_thumbnail(deleted), *known])
        for derivative in islice(current.values(), limit):
            is_derived = derivative.ac_derived_from == deleted.identifier
            if (
                is_derived
                and derivative.deleted_on is None
                and _is_in_bucket_of(deleted, derivative)
            ):
                yield derivative

    def _generated_thumbnail(self, deleted: Metadata) -> list[str]:
        """Return the identifier of the generated thumbnail, which the index may lack."""
        upload = self.uploads.get(deleted.file_identifier) if deleted.file_identifier else None
        return [upload.thumbnail_identifier] if upload and upload.thumbnail_identifier else []


def _is_in_bucket_of(metadata: Metadata, derivative: Derivative) -> bool:
    return bucket_key(derivative.bucket) == bucket_key(metadata.bucket)


def delete_metadata(
    cascade: Cascade, caller: Caller, identifier: str, precondition: Precondition
) -> None:
    """Replace the record and its derivatives by tombstones, and release their files."""

    def plan() -> PlannedChange[Metadata]:
        before = find_metadata(cascade.catalogue, identifier)
        require_right(caller, METADATA, Permission.DELETE, group=before.bucket)
        require_undeleted(before)
        precondition.check(before.version)
        now = cascade.clock.now()
        after = replace(
            before,
            deleted_on=now,
            deleted_by=caller.username,
            cascading_since=now,
            version=before.version + 1,
        )
        actions = (Replace(before, after), *_release(before, now))
        return PlannedChange(after, (*actions, *cascade.actions(after, actions)))

    cascade.delete_remaining(commit_change(cascade.catalogue, plan))


def _release(metadata: Metadata, now: datetime) -> tuple[Action, ...]:
    if metadata.file_identifier is None:
        return ()
    claimant = metadata.instance_id
    return (Release(file_identifier=metadata.file_identifier, claimant=claimant, since=now),)

"""Delete a derivative record. Its file stays and can be described by another record."""

from __future__ import annotations

from datetime import datetime

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.ports import DerivativeReader, Derivatives, Source
from coffer.domain.derivatives.read import find_derivative
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.thumbnail_record import derivative_tombstone
from coffer.domain.permissions.rights import DERIVATIVE, Permission, require_right
from coffer.domain.transactions.actions import Action, Release, Replace
from coffer.domain.transactions.commit import PlannedChange, Precondition, commit_change
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.uploads.ports import UploadReader


def delete_derivative(
    uploads: UploadReader,
    catalogue: Derivatives[Source],
    clock: Clock,
    caller: Caller,
    identifier: str,
    precondition: Precondition,
) -> None:
    """Replace the record, and that of a thumbnail made of its file, by tombstones."""

    def plan() -> PlannedChange[Derivative]:
        before = find_derivative(catalogue, identifier)
        require_right(caller, DERIVATIVE, Permission.DELETE, group=before.bucket)
        require_undeleted(before)
        precondition.check(before.version)
        now = clock.now()
        after = derivative_tombstone(before, caller.username, now)
        actions: list[Action] = [Replace(before, after), *release_claim(before, now)]
        thumbnail = _thumbnail_of(uploads, catalogue, before)
        if thumbnail is not None:
            actions.append(
                Replace(thumbnail, derivative_tombstone(thumbnail, caller.username, now))
            )
        return PlannedChange(after, tuple(actions))

    commit_change(catalogue, plan)


def release_claim(derivative: Derivative, now: datetime) -> tuple[Action, ...]:
    """Return the action that releases the claim of a derivative; a generated thumbnail has none."""
    if derivative.is_generated:
        return ()
    claimant = derivative.instance_id
    return (Release(file_identifier=derivative.file_identifier, claimant=claimant, since=now),)


def _thumbnail_of(
    uploads: UploadReader, catalogue: DerivativeReader[Source], derivative: Derivative
) -> Derivative | None:
    """Return the record of the thumbnail of the derivative's file, if there is one."""
    upload = uploads.get(derivative.file_identifier)
    if upload is None or upload.thumbnail_identifier is None:
        return None
    thumbnail = catalogue.derivative(upload.thumbnail_identifier)
    return thumbnail if thumbnail and thumbnail.deleted_on is None else None

"""Delete a metadata record and its derivatives. The file stays and can be described again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coffer.domain.callers import Caller, Role
from coffer.domain.metadata.cascade import Cascade
from coffer.domain.metadata.read import find_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import MAX_ACTIONS, Action, Release, Replace
from coffer.domain.transactions.commit import PlannedChange, Precondition, commit_change
from coffer.domain.transactions.read import require_undeleted


def delete_metadata(
    cascade: Cascade, caller: Caller, identifier: str, precondition: Precondition
) -> None:
    """Replace the record and its derivatives by tombstones, and release their files."""

    def plan() -> PlannedChange[Metadata]:
        before = find_metadata(cascade.catalogue, identifier)
        caller.require_role(Role.SUPER_USER, before.bucket)
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
        return PlannedChange(after, (*actions, *cascade.actions(after, MAX_ACTIONS - len(actions))))

    cascade.delete_remaining(commit_change(cascade.catalogue, plan))


def _release(metadata: Metadata, now: datetime) -> tuple[Action, ...]:
    if metadata.file_identifier is None:
        return ()
    claimant = metadata.instance_id
    return (Release(file_identifier=metadata.file_identifier, claimant=claimant, since=now),)

"""Delete a derivative record and release the file that it claims."""

from __future__ import annotations

from datetime import datetime

from coffer.domain.derivatives.record import Derivative
from coffer.domain.transactions.actions import Action, Release


def release_claim(derivative: Derivative, now: datetime) -> tuple[Action, ...]:
    """What gives back the claim of a derivative; a generated thumbnail has none."""
    if derivative.is_generated:
        return ()
    claimant = derivative.instance_id
    return (Release(file_identifier=derivative.file_identifier, claimant=claimant, since=now),)

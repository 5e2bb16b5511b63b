"""Create and update many derivative records in one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.create import Deriving, NewDerivative
from coffer.domain.derivatives.ports import Derivatives, Source
from coffer.domain.derivatives.prefetch import PrefetchedDerivatives, PrefetchedUploads
from coffer.domain.derivatives.record import Derivative
from coffer.domain.transactions.bulk import (
    Attempt,
    Change,
    Check,
    Reservations,
    attempt,
    described_by_earlier_entry,
    identifiers_of,
    repeated,
    repeated_entry,
    write_in_bulk,
)
from coffer.domain.transactions.commit import PlannedChange, Precondition
from coffer.domain.uploads.ports import Uploads

_STEPS_WITHOUT_THUMBNAIL = 2
"""Number of actions that add a derivative and claim its file."""


@dataclass(frozen=True, kw_only=True)
class BulkDerivatives:
    """The bulk use cases of derivatives and their ports. All raise as `write_in_bulk` does."""

    uploads: Uploads
    derivatives: Derivatives[Source]
    clock: Clock

    def create(
        self,
        caller: Caller,
        entries: Sequence[NewDerivative],
        reserved: Reservations,
        check: Check[Derivative],
    ) -> list[Derivative]:
        """Create one record for each entry and return the records in the entries' order.

        If several derive from metadata without a thumbnail, the first of them gets one.
        """
        again = set(repeated([one.file_identifier for one in entries]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            deriving = self._deriving([entries[number] for number in numbers], reserved, numbers)
            served: set[str] = set()
            attempts: list[Attempt[Derivative]] = []
            for number in numbers:
                entry = entries[number]
                result: Attempt[Derivative] = (
                    described_by_earlier_entry(entry.file_identifier)
                    if number in again
                    else attempt(
                        partial(deriving.plan, caller, entry, reserved[number], served=served)
                    )
                )
                if (
                    isinstance(result, PlannedChange)
                    and len(result.actions) > _STEPS_WITHOUT_THUMBNAIL
                ):
                    served.add(result.record.ac_derived_from)
                attempts.append(result)
            return attempts

        return write_in_bulk(self.derivatives, len(entries), plan, check)

    def update(
        self, caller: Caller, changes: Sequence[Change], check: Check[Derivative]
    ) -> list[Derivative]:
        """Apply each change to its record and return the records in the changes' order."""
        again = set(repeated([identifier for identifier, _ in changes]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            identifiers = [changes[number][0] for number in numbers]
            known = self.derivatives.derivatives_of(set(identifiers))
            given = [changes[number][1] for number in numbers]
            deriving = Deriving(
                uploads=PrefetchedUploads(
                    self.uploads, [one.file_identifier for one in known.values()]
                ),
                catalogue=PrefetchedDerivatives(
                    self.derivatives,
                    metadata=[one.get("ac_derived_from") for one in given],
                    derivatives=[
                        *identifiers,
                        *(one.get("generated_from_derivative") for one in given),
                    ],
                ),
                clock=self.clock,
            )
            return [
                repeated_entry(number)
                if number in again
                else attempt(
                    partial(deriving.plan_change, caller, *changes[number], Precondition())
                )
                for number in numbers
            ]

        return write_in_bulk(self.derivatives, len(changes), plan, check)

    def _deriving(
        self, wanted: Sequence[NewDerivative], reserved: Reservations, numbers: Sequence[int]
    ) -> Deriving:
        """Return the use case over everything that the plans of these entries read."""
        sources = self.derivatives.metadata_of(
            {one.ac_derived_from for one in wanted if one.ac_derived_from is not None}
        )
        uploads = PrefetchedUploads(
            self.uploads,
            [
                *(one.file_identifier for one in wanted),
                *(one.file_identifier for one in sources.values()),
            ],
        )
        derivatives = PrefetchedDerivatives(
            self.derivatives,
            metadata=sources,
            derivatives=[
                *identifiers_of(reserved, numbers),
                *(one.generated_from_derivative for one in wanted),
                *(one.thumbnail_identifier for one in uploads),
            ],
        )
        return Deriving(uploads=uploads, catalogue=derivatives, clock=self.clock)

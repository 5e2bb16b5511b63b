"""Create and update many derivative records in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.create import plan_new_derivative
from coffer.domain.derivatives.ports import Derivatives, Source
from coffer.domain.derivatives.prefetch import PrefetchedDerivatives, PrefetchedUploads
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.update import plan_derivative_update
from coffer.domain.errors import RequestError
from coffer.domain.transactions.actions import Claim
from coffer.domain.transactions.bulk import (
    Attempt,
    Change,
    Check,
    Reservations,
    attempt_each,
    files_described_twice,
    identifiers_of,
    parsed_entries,
    records_changed_twice,
    with_malformed,
    write_in_bulk,
)
from coffer.domain.transactions.commit import PlannedChange, Precondition
from coffer.domain.uploads.ports import Uploads


@dataclass(frozen=True, kw_only=True)
class BulkDerivatives:
    """The bulk use cases of derivatives and their ports. All raise as `write_in_bulk` does."""

    uploads: Uploads
    derivatives: Derivatives[Source]
    clock: Clock

    def create(
        self,
        caller: Caller,
        entries: Sequence[Mapping[str, Any] | RequestError],
        reserved: Reservations,
        check: Check[Derivative],
    ) -> list[Derivative]:
        """Create one record for each entry and return the records in the entries' order.

        If several derive from metadata without a thumbnail, the first of them gets one.
        """
        parsed = parsed_entries(entries)
        refused = files_described_twice(parsed)

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            uploads, derivatives = self._prefetch(
                [parsed[number] for number in numbers], identifiers_of(parsed, reserved, numbers)
            )
            have_thumbnail: set[str] = set()

            def plan_one(number: int) -> PlannedChange[Derivative]:
                planned = plan_new_derivative(
                    uploads,
                    derivatives,
                    self.clock,
                    caller,
                    parsed[number],
                    reserved[number],
                    have_thumbnail=have_thumbnail,
                )
                claims = [action for action in planned.actions if isinstance(action, Claim)]
                if any(claim.plans_thumbnail for claim in claims):
                    have_thumbnail.add(planned.record.ac_derived_from)
                return planned

            return attempt_each(numbers, refused, plan_one)

        return write_in_bulk(self.derivatives, len(entries), with_malformed(entries, plan), check)

    def update(
        self, caller: Caller, changes: Sequence[Change | RequestError], check: Check[Derivative]
    ) -> list[Derivative]:
        """Apply each change to its record and return the records in the changes' order."""
        parsed = parsed_entries(changes)
        refused = records_changed_twice(parsed)

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            identifiers = [parsed[number][0] for number in numbers]
            known = self.derivatives.derivatives_of(set(identifiers))
            given = [parsed[number][1] for number in numbers]
            uploads = PrefetchedUploads(
                self.uploads, [one.file_identifier for one in known.values()]
            )
            derivatives = PrefetchedDerivatives(
                self.derivatives,
                metadata=[one.get("ac_derived_from") for one in given],
                derivatives=[
                    *identifiers,
                    *(one.get("generated_from_derivative") for one in given),
                ],
            )
            return attempt_each(
                numbers,
                refused,
                lambda number: plan_derivative_update(
                    uploads, derivatives, caller, *parsed[number], Precondition()
                ),
            )

        return write_in_bulk(self.derivatives, len(changes), with_malformed(changes, plan), check)

    def _prefetch(
        self, entries: Sequence[Mapping[str, Any]], identifiers: Sequence[str]
    ) -> tuple[PrefetchedUploads, PrefetchedDerivatives[Source]]:
        """Return readers over the records that plans of these entries read.

        `identifiers` are those that earlier runs may have created records under.
        """
        source_identifiers = [one.get("ac_derived_from") for one in entries]
        sources = self.derivatives.metadata_of({one for one in source_identifiers if one})
        uploads = PrefetchedUploads(
            self.uploads,
            [
                *(one.get("file_identifier") for one in entries),
                *(one.file_identifier for one in sources.values()),
            ],
        )
        derivatives = PrefetchedDerivatives(
            self.derivatives,
            metadata=sources,
            derivatives=[
                *identifiers,
                *(one.get("generated_from_derivative") for one in entries),
                *(one.thumbnail_identifier for one in uploads),
            ],
        )
        return uploads, derivatives

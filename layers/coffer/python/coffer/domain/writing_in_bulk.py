"""Writing metadata and derivatives in bulk: the plans of single records, on one reading of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from coffer.domain.bulk import Attempt, repeated, repeated_entry, write_in_bulk
from coffer.domain.callers import Caller
from coffer.domain.cataloguing import plan_metadata
from coffer.domain.clock import Clock
from coffer.domain.derivative import Derivative
from coffer.domain.deriving import Deriving, NewDerivative
from coffer.domain.errors import ConflictError, RequestError
from coffer.domain.media_types import DcType
from coffer.domain.metadata import Metadata, NewMetadata
from coffer.domain.metadata_changes import plan_change
from coffer.domain.metadata_rules import ATTRIBUTES
from coffer.domain.ports import Catalogue, Uploads
from coffer.domain.prefetching import KnownCatalogue, KnownUploads
from coffer.domain.steps import CataloguedRecord
from coffer.domain.writing import Planned, Precondition, Reserved

Made = TypeVar("Made", bound=CataloguedRecord)
Change = tuple[str, Mapping[str, Any]]
"""The id of a record, and what changes of it, by the names of the domain."""
Check = Callable[[Sequence[Made]], None]
"""What all records together have to stand before the first is written."""
Reservations = Sequence[Reserved | None]


@dataclass(frozen=True, kw_only=True)
class BulkWriting:
    """The parts of the world that many records are written in. All raise as `write_in_bulk`."""

    uploads: Uploads
    catalogue: Catalogue
    clock: Clock

    def create_metadata(
        self,
        caller: Caller,
        entries: Sequence[NewMetadata],
        reserved: Reservations,
        check: Check[Metadata],
    ) -> list[Metadata]:
        """Describe many files."""
        again = set(repeated([one.file_identifier for one in entries]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Metadata]]:
            wanted = [entries[number] for number in numbers]
            uploads = KnownUploads(self.uploads, [one.file_identifier for one in wanted])
            catalogue = KnownCatalogue(
                self.catalogue,
                metadata=_identifiers(reserved, numbers),
                derivatives=[one.thumbnail_identifier for one in uploads],
                naming=[_Naming(one.ac_subtype, one.managed_attributes) for one in wanted],
            )
            return [
                _conflict(entries[number].file_identifier)
                if number in again
                else _attempt(
                    partial(
                        plan_metadata,
                        uploads,
                        catalogue,
                        self.clock,
                        caller,
                        entries[number],
                        reserved[number],
                    )
                )
                for number in numbers
            ]

        return write_in_bulk(self.catalogue, len(entries), plan, check)

    def update_metadata(
        self, caller: Caller, changes: Sequence[Change], check: Check[Metadata]
    ) -> list[Metadata]:
        """Change many descriptions."""
        again = set(repeated([identifier for identifier, _ in changes]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Metadata]]:
            known = self.catalogue.metadata_of({changes[number][0] for number in numbers})
            files = [one.file_identifier for one in known.values()]
            catalogue = KnownCatalogue(
                self.catalogue,
                metadata=known,
                naming=[*known.values(), *(_named(changes[number][1]) for number in numbers)],
            )
            uploads = KnownUploads(self.uploads, files)
            return [
                repeated_entry(number)
                if number in again
                else _attempt(
                    partial(
                        plan_change,
                        uploads,
                        catalogue,
                        self.clock,
                        caller,
                        *changes[number],
                        Precondition(),
                    )
                )
                for number in numbers
            ]

        return write_in_bulk(self.catalogue, len(changes), plan, check)

    def create_derivatives(
        self,
        caller: Caller,
        entries: Sequence[NewDerivative],
        reserved: Reservations,
        check: Check[Derivative],
    ) -> list[Derivative]:
        """Record many files that were made from others.

        Where several are made from one that has no thumbnail yet, one is made of the first.
        """
        again = set(repeated([one.file_identifier for one in entries]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            deriving = self._deriving([entries[number] for number in numbers], reserved, numbers)
            served: set[str] = set()
            attempts: list[Attempt[Derivative]] = []
            for number in numbers:
                entry = entries[number]
                attempt: Attempt[Derivative] = (
                    _conflict(entry.file_identifier)
                    if number in again
                    else _attempt(
                        partial(deriving.plan, caller, entry, reserved[number], served=served)
                    )
                )
                if isinstance(attempt, Planned) and len(attempt.steps) > _WITHOUT_THUMBNAIL:
                    served.add(attempt.record.ac_derived_from)
                attempts.append(attempt)
            return attempts

        return write_in_bulk(self.catalogue, len(entries), plan, check)

    def update_derivatives(
        self, caller: Caller, changes: Sequence[Change], check: Check[Derivative]
    ) -> list[Derivative]:
        """Change the records of many derivatives."""
        again = set(repeated([identifier for identifier, _ in changes]))

        def plan(numbers: Sequence[int]) -> list[Attempt[Derivative]]:
            identifiers = [changes[number][0] for number in numbers]
            known = self.catalogue.derivatives_of(set(identifiers))
            given = [changes[number][1] for number in numbers]
            deriving = Deriving(
                uploads=KnownUploads(self.uploads, [one.file_identifier for one in known.values()]),
                catalogue=KnownCatalogue(
                    self.catalogue,
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
                else _attempt(
                    partial(deriving.plan_change, caller, *changes[number], Precondition())
                )
                for number in numbers
            ]

        return write_in_bulk(self.catalogue, len(changes), plan, check)

    def _deriving(
        self, wanted: Sequence[NewDerivative], reserved: Reservations, numbers: Sequence[int]
    ) -> Deriving:
        """What the plans of these derivatives read."""
        sources = self.catalogue.metadata_of(
            {one.ac_derived_from for one in wanted if one.ac_derived_from is not None}
        )
        uploads = KnownUploads(
            self.uploads,
            [
                *(one.file_identifier for one in wanted),
                *(one.file_identifier for one in sources.values()),
            ],
        )
        catalogue = KnownCatalogue(
            self.catalogue,
            metadata=sources,
            derivatives=[
                *_identifiers(reserved, numbers),
                *(one.generated_from_derivative for one in wanted),
                *(one.thumbnail_identifier for one in uploads),
            ],
        )
        return Deriving(uploads=uploads, catalogue=catalogue, clock=self.clock)


_WITHOUT_THUMBNAIL = 2
"""The steps that record a derivative alone: the record, and the claim."""


def _attempt(plan: Callable[[], Planned[Made]]) -> Attempt[Made]:
    try:
        return plan()
    except RequestError as error:
        return error


def _identifiers(reserved: Reservations, numbers: Sequence[int]) -> list[str]:
    return [one.identifier for number in numbers if (one := reserved[number]) is not None]


@dataclass(frozen=True)
class _Naming:
    """The terms that an entry names."""

    ac_subtype: str | None
    managed_attributes: Mapping[str, str]
    dc_type: DcType = DcType.UNDETERMINED


def _named(changes: Mapping[str, Any]) -> _Naming:
    return _Naming(changes.get("ac_subtype"), changes.get("managed_attributes") or {})


def _conflict(file_identifier: str | None) -> ConflictError:
    return ConflictError(
        "file_already_described",
        f"The file {file_identifier} is described by an earlier entry.",
        pointer=f"{ATTRIBUTES}/fileIdentifier",
    )

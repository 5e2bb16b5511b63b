"""Create and update many metadata records in one request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.prefetch import PrefetchedDerivatives, PrefetchedUploads
from coffer.domain.errors import RequestError
from coffer.domain.media_types import DcType
from coffer.domain.metadata.create import plan_new_metadata
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.metadata.update import plan_metadata_update
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
from coffer.domain.transactions.commit import Precondition
from coffer.domain.uploads.ports import Uploads
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.usage import TermUser, read_used_terms


@dataclass(frozen=True, kw_only=True)
class BulkMetadata:
    """The bulk use cases of metadata and their ports. All raise as `write_in_bulk` does."""

    uploads: Uploads
    catalogue: Catalogue
    clock: Clock
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Values of rights that an entry does not give, by their attributes."""

    def create(
        self,
        caller: Caller,
        entries: Sequence[Mapping[str, Any] | RequestError],
        reserved: Reservations,
        check: Check[Metadata],
    ) -> list[Metadata]:
        """Create one record for each entry and return the records in the entries' order."""
        parsed = parsed_entries(entries)
        refused = files_described_twice(parsed)

        def plan(numbers: Sequence[int]) -> list[Attempt[Metadata]]:
            wanted = [parsed[number] for number in numbers]
            uploads = PrefetchedUploads(
                self.uploads, [one.get("file_identifier") for one in wanted]
            )
            catalogue = _PrefetchedCatalogue(
                self.catalogue,
                metadata=identifiers_of(parsed, reserved, numbers),
                derivatives=[one.thumbnail_identifier for one in uploads],
                terms_of=map(_named_terms, wanted),
            )
            return attempt_each(
                numbers,
                refused,
                lambda number: plan_new_metadata(
                    uploads,
                    catalogue,
                    self.clock,
                    caller,
                    parsed[number],
                    reserved[number],
                    self.defaults,
                ),
            )

        return write_in_bulk(self.catalogue, len(entries), with_malformed(entries, plan), check)

    def update(
        self, caller: Caller, changes: Sequence[Change | RequestError], check: Check[Metadata]
    ) -> list[Metadata]:
        """Apply each change to its record and return the records in the changes' order."""
        parsed = parsed_entries(changes)
        refused = records_changed_twice(parsed)

        def plan(numbers: Sequence[int]) -> list[Attempt[Metadata]]:
            known = self.catalogue.metadata_of({parsed[number][0] for number in numbers})
            files = [one.file_identifier for one in known.values()]
            catalogue = _PrefetchedCatalogue(
                self.catalogue,
                metadata=known,
                derivatives=[one.latest_derivative for one in known.values()],
                terms_of=[
                    *known.values(),
                    *(_named_terms(parsed[number][1]) for number in numbers),
                ],
            )
            uploads = PrefetchedUploads(self.uploads, files)
            return attempt_each(
                numbers,
                refused,
                lambda number: plan_metadata_update(
                    uploads, catalogue, self.clock, caller, *parsed[number], Precondition()
                ),
            )

        return write_in_bulk(self.catalogue, len(changes), with_malformed(changes, plan), check)


@dataclass(frozen=True)
class _NamedTerms:
    """The terms that an entry names, for the `UsesTerms` protocol."""

    ac_subtype: str | None
    managed_attributes: Mapping[str, str]
    dc_type: DcType = DcType.UNDETERMINED


def _named_terms(given: Mapping[str, Any]) -> _NamedTerms:
    return _NamedTerms(given.get("ac_subtype"), given.get("managed_attributes") or {})


class _PrefetchedCatalogue(PrefetchedDerivatives[Metadata]):
    """The `CatalogueReader` port over records and terms that were read in advance."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        metadata: Iterable[str | None] = (),
        derivatives: Iterable[str | None] = (),
        terms_of: Iterable[TermUser] = (),
    ) -> None:
        super().__init__(catalogue, metadata=metadata, derivatives=derivatives)
        self._terms = read_used_terms(catalogue, terms_of)

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        """Return those of these terms that were read in advance and exist."""
        known = self._terms
        return Terms(
            attributes={key: known.attributes[key] for key in keys if key in known.attributes},
            subtypes={name: known.subtypes[name] for name in subtypes if name in known.subtypes},
        )

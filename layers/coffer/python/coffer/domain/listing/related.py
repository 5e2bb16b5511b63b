"""Find the related records that a request includes, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.listing.fields import FIELDS, related_ids
from coffer.domain.listing.index_keys import Kind, ListedRecord
from coffer.domain.listing.permissions import may_read
from coffer.domain.listing.ports import Lists
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata

DERIVATIVES = "derivatives"
"""The relationship of metadata to the derivatives of its file."""


@dataclass(frozen=True, kw_only=True)
class RelatedRecords:
    """Derivatives by the id of their metadata, and other related records by type and id."""

    derivatives: Mapping[str, Sequence[Derivative]] = field(default_factory=dict)
    linked: Mapping[tuple[str, str], ListedRecord] = field(default_factory=dict)


def find_related(
    lists: Lists,
    catalogue: Catalogue,
    caller: Caller,
    kind: Kind,
    records: Sequence[ListedRecord],
    include: Collection[str],
) -> RelatedRecords:
    """Return the records at the other ends of the relationships in `include`.

    `records` are all of one kind.
    """
    derivatives: dict[str, Sequence[Derivative]] = {}
    if DERIVATIVES in include:
        found = lists.derivatives([record.identifier for record in records])
        every = [one for related in found.values() for one in related]
        readable = readable_ids(catalogue, caller, every)
        derivatives = {
            identifier: [one for one in related if one.identifier in readable]
            for identifier, related in found.items()
        }
    linked: dict[tuple[str, str], ListedRecord] = {}
    for name in include:
        target = FIELDS[kind].relationship[name].target
        if target in (Kind.METADATA, Kind.DERIVATIVE) and name != DERIVATIVES:
            wanted = {ids[name] for record in records if name in (ids := related_ids(record))}
            linked |= {
                (target, record.identifier): record
                for record in _readable(catalogue, caller, target, wanted)
                if record.deleted_on is None
            }
    return RelatedRecords(derivatives=derivatives, linked=linked)


def _readable(
    catalogue: Catalogue, caller: Caller, kind: str, identifiers: Collection[str]
) -> list[Metadata | Derivative]:
    """Return those of these metadata or derivative records that the caller may read."""
    if kind == Kind.METADATA:
        metadata = catalogue.metadata_of(identifiers)
        return [one for one in metadata.values() if may_read(caller, one)]
    derivatives = catalogue.derivatives_of(identifiers)
    readable = readable_ids(catalogue, caller, derivatives.values())
    return [one for one in derivatives.values() if one.identifier in readable]

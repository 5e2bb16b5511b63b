"""Related records: what `include` adds to records, as far as the caller may read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import Kind, Record
from coffer.domain.listing.ports import Lists
from coffer.domain.listing.resources import RESOURCES, identifier_of, related_ids
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

DERIVATIVES = "derivatives"
"""The relationship of metadata to what was made from its file."""


@dataclass(frozen=True, kw_only=True)
class RelatedRecords:
    """What some records are related to: derivatives by the id of their metadata, and the records
    at the other ends of relationships by type and id."""

    made_from: Mapping[str, Sequence[Derivative]] = field(default_factory=dict)
    linked: Mapping[tuple[str, str], Record] = field(default_factory=dict)


def find_related(
    lists: Lists,
    catalogue: Catalogue,
    caller: Caller,
    kind: Kind,
    records: Sequence[Record],
    include: Collection[str],
) -> RelatedRecords:
    """What these records of one kind are related to by the relationships in `include`."""
    made_from: dict[str, Sequence[Derivative]] = {}
    if DERIVATIVES in include:
        found = lists.derivatives([identifier_of(record) for record in records])
        made_from = {
            identifier: [one for one in derivatives if may_read(caller, one)]
            for identifier, derivatives in found.items()
        }
    linked: dict[tuple[str, str], Record] = {}
    for name in include:
        target = RESOURCES[kind].relationships[name].target
        if target in (Kind.METADATA, Kind.DERIVATIVE) and name != DERIVATIVES:
            wanted = {ids[name] for record in records if name in (ids := related_ids(record))}
            linked |= {
                (target, identifier): record
                for identifier, record in _look_up(catalogue, target, wanted).items()
                if record.deleted_on is None and may_read(caller, record)
            }
    return RelatedRecords(made_from=made_from, linked=linked)


def may_read(caller: Caller, record: Record) -> bool:
    """Whether the caller may see the record: its group's, or one that is public."""
    is_public = not isinstance(record, ObjectUpload) and record.publicly_releasable
    return is_public or caller.may_read(record.bucket)


def _look_up(
    catalogue: Catalogue, target: str, identifiers: Collection[str]
) -> Mapping[str, Metadata] | Mapping[str, Derivative]:
    if target == Kind.METADATA:
        return catalogue.metadata_of(identifiers)
    return catalogue.derivatives_of(identifiers)

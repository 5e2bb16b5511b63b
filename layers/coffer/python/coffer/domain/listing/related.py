"""Find the records at the other ends of relationships, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.listing.fields import FIELDS, related_ids
from coffer.domain.listing.filters import AllOf, conjuncts
from coffer.domain.listing.index_keys import Kind, ListedRecord, SortOrder, kind_of, time_sort_key
from coffer.domain.listing.pages import ListPage, PageReader, PageRequest
from coffer.domain.listing.permissions import may_read
from coffer.domain.listing.ports import IndexEntry, Lists, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange, Query, QueryPlan
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


def find_one(
    lists: Lists, catalogue: Catalogue, caller: Caller, record: ListedRecord, name: str
) -> ListedRecord | None:
    """Return the record at the other end of a relationship to one record.

    Returns None if there is none, if it was deleted, or if the caller may not read it.
    """
    related = find_related(lists, catalogue, caller, kind_of(record), [record], (name,))
    return next(iter(related.linked.values()), None)


def read_derivatives(
    lists: Lists,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    metadata_id: str,
    query: Query,
    request: PageRequest,
) -> ListPage:
    """Return one page of the derivatives of a metadata record that the caller may read.

    All of them are read: the index by metadata has no sort key that is unique. Raises
    MalformedRequestError if they are more than MAX_INCLUDED_DERIVATIVES.
    """
    found = lists.derivatives([metadata_id])[metadata_id]
    readable = readable_ids(catalogue, caller, found)
    entries = sorted(
        (
            IndexEntry(sort_key=time_sort_key(one.created_on, one.identifier), record=one)
            for one in found
            if one.identifier in readable
        ),
        key=lambda entry: entry.sort_key,
        reverse=query.descending,
    )
    plan = QueryPlan(
        kind=Kind.DERIVATIVE,
        ranges=(KeyRange(order=SortOrder.CREATED),),
        descending=query.descending,
        remaining_filter=AllOf(conjuncts(query.condition)),
        is_by_name=False,
        counters=None,
    )
    reader = PageReader(plan, request, clock)
    while reads := reader.next_reads():
        reader.add([_page_of(entries, read) for read in reads])
    page = reader.page()
    if plan.remaining_filter.parts:
        return page
    return replace(page, total=len(entries), is_lower_bound=False)


def _page_of(entries: Sequence[IndexEntry], read: RangeRead) -> RangePage:
    """Return the entries that a read of a list in memory returns."""
    after = read.after
    following = [
        one
        for one in entries
        if after is None or (one.sort_key < after if read.descending else one.sort_key > after)
    ]
    wanted = tuple(following[: read.limit])
    return RangePage(entries=wanted, is_last=len(wanted) == len(following))


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

"""Plans: from which stretches of which indexes a list is read, and what is left to be filtered.

A plan is a pure function of who asks and what for. Whoever administers the realm is shown all
records, everybody else those of their own groups; records of other groups that are public are
shown where the filter asks for what is publicly releasable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coffer.domain.buckets import is_bucket
from coffer.domain.callers import Caller
from coffer.domain.errors import MalformedRequestError
from coffer.domain.identifiers import SHARDS
from coffer.domain.listing.filters import (
    EVERYTHING,
    AllOf,
    Filter,
    allowed_values,
    conjuncts,
)
from coffer.domain.listing.index_keys import (
    NAME_END,
    SORT_ORDERS,
    Kind,
    SortOrder,
    name_prefix,
    shard_key,
)

MAX_BUCKETS = 50
"""Stretches that one list is merged from: more would make every page slow."""
_MAX_STRETCHES = 64
_BUCKET_NAMES = ("bucket", "group")


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a list is to show. Without an order, the plan chooses what is cheapest."""

    kind: Kind
    wanted: Filter = EVERYTHING
    order: SortOrder | None = None
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """A part of one index: a partition by bucket or by shard, whole or what begins alike.

    `merged_by_rest` says that the positions are compared with others without that beginning.
    """

    order: SortOrder
    bucket_key: str | None = None
    shard: str | None = None
    beginning: str = ""
    merged_by_rest: bool = False

    def place(self, position: str) -> str:
        """Where a position of this stretch comes among those of the others."""
        return position.removeprefix(self.beginning) if self.merged_by_rest else position

    def position(self, place: str) -> str:
        """The position that would come there."""
        return self.beginning + place if self.merged_by_rest else place


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Which counters say how long a list is: those of these buckets, or all; None: none do."""

    bucket_keys: tuple[str, ...] | None
    only_public: bool = False


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """How a list is read: its stretches are merged by place, and `rest` is filtered on the way."""

    kind: Kind
    stretches: tuple[KeyRange, ...]
    descending: bool
    rest: Filter
    by_name: bool
    counted: Counters | None

    def takes(self, place: str) -> bool:
        """Whether a place can be one of this plan's."""
        return self.by_name or NAME_END not in place


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """The partitions that a list is read from, and the conjuncts that this choice fulfils."""

    partitions: tuple[KeyRange, ...]
    fulfilled: tuple[Filter, ...] = ()
    bucket_keys: tuple[str, ...] | None = None


def plan_query(caller: Caller, query: Query) -> QueryPlan:
    """How the list is read that this caller is shown; MalformedRequestError if it is too wide."""
    parts = conjuncts(query.wanted)
    scope = _scope(caller, query.kind, parts)
    rest = tuple(part for part in parts if part not in scope.fulfilled)
    names = _names(query, rest)
    order = query.order or SortOrder.CREATED
    if names is not None and len(names) * len(scope.partitions) <= _MAX_STRETCHES:
        stretches = tuple(
            KeyRange(
                order=SortOrder.NAMED,
                bucket_key=partition.bucket_key,
                shard=partition.shard,
                beginning=beginning,
                merged_by_rest=order is SortOrder.CREATED,
            )
            for partition in scope.partitions
            for beginning in sorted({name_prefix(name) for name in names})
        )
    else:
        stretches = tuple(
            KeyRange(order=order, bucket_key=partition.bucket_key, shard=partition.shard)
            for partition in scope.partitions
        )
    return QueryPlan(
        kind=query.kind,
        stretches=stretches,
        descending=query.descending,
        rest=AllOf(rest),
        by_name=order is SortOrder.NAMED,
        counted=_counted(scope, parts, rest),
    )


def _counted(scope: _Scope, parts: Sequence[Filter], rest: Sequence[Filter]) -> Counters | None:
    """The counters that know how many records there are, if only buckets and publicness count."""
    if not all(map(_wants_public, rest)):
        return None
    return Counters(bucket_keys=scope.bucket_keys, only_public=any(map(_wants_public, parts)))


def _wants_public(part: Filter) -> bool:
    return allowed_values(part, ("publiclyReleasable",)) == frozenset({True})


def _scope(caller: Caller, kind: Kind, parts: Sequence[Filter]) -> _Scope:
    by_bucket = [part for part in parts if allowed_values(part, _BUCKET_NAMES) is not None]
    public = tuple(filter(_wants_public, parts))
    if by_bucket:
        wanted = frozenset.intersection(
            *(allowed_values(part, _BUCKET_NAMES) or frozenset() for part in by_bucket)
        )
        shown = [key for key in wanted if public or caller.may_read(key)]
        return _buckets(shown, by_bucket)
    if public:
        shards = (shard_key(shard, is_public=True) for shard in SHARDS)
        return _Scope(partitions=_shards(shards), fulfilled=public)
    if caller.is_admin:
        both = (True, False) if kind is not Kind.OBJECT_UPLOAD else (False,)
        shards = (shard_key(shard, is_public=public) for public in both for shard in SHARDS)
        return _Scope(partitions=_shards(shards))
    return _buckets(
        [group for group in caller.groups if is_bucket(group) and caller.may_read(group)]
    )


def _buckets(keys: Sequence[str], fulfilled: Sequence[Filter] = ()) -> _Scope:
    if len(keys) > MAX_BUCKETS:
        raise MalformedRequestError(
            "too_many_buckets",
            f"This would be read from {len(keys)} buckets, and one list takes {MAX_BUCKETS}: "
            "name those that you want with filter[bucket].",
            parameter="filter[bucket]",
        )
    ordered = tuple(sorted(keys))
    return _Scope(
        partitions=tuple(KeyRange(order=SortOrder.CREATED, bucket_key=key) for key in ordered),
        fulfilled=tuple(fulfilled),
        bucket_keys=ordered,
    )


def _shards(keys: Iterable[str]) -> tuple[KeyRange, ...]:
    return tuple(KeyRange(order=SortOrder.CREATED, shard=key) for key in keys)


def _names(query: Query, parts: Sequence[Filter]) -> frozenset[str] | None:
    """The names of which a record has to have one, if an index finds them in the query's order."""
    if SortOrder.NAMED not in SORT_ORDERS[query.kind] or query.order is SortOrder.CHANGED:
        return None
    chosen = [allowed_values(part, (SortOrder.NAMED.value,)) for part in parts]
    known = [choice for choice in chosen if choice is not None]
    return frozenset.intersection(*known) if known else None

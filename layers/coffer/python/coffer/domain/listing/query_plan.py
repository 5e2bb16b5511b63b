"""Choose the key ranges that a list is read from, and the filter that is left to apply.

The plan depends only on the caller and the query. Administrators see all records, everybody else
the records of their own groups. Public records of other groups are shown if the filter asks for
publicly releasable records, or names the bucket of such a group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from coffer.domain.buckets import is_bucket
from coffer.domain.callers import Caller
from coffer.domain.errors import MalformedRequestError
from coffer.domain.identifiers import SHARDS
from coffer.domain.listing.fields import SORT_ORDERS
from coffer.domain.listing.filters import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Comparison,
    Filter,
    Operator,
    allowed_values,
    conjuncts,
)
from coffer.domain.listing.index_keys import NAME_END, Kind, SortOrder, name_prefix, shard_key

MAX_BUCKETS = 50
"""Buckets that one list is merged from; more would make every page slow."""
_MAX_KEY_RANGES = 64
_BUCKET_NAMES = ("bucket", "group")


@dataclass(frozen=True, kw_only=True)
class Query:
    """The filter and order of a list. Without an order, the plan chooses the cheapest one."""

    kind: Kind
    condition: Filter = EVERYTHING
    order: SortOrder | None = None
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """The entries of one index partition, by bucket or by shard, whose sort keys have a prefix.

    If `drops_prefix`, entries are merged with those of other ranges by the rest of the sort key.
    """

    order: SortOrder
    bucket_key: str | None = None
    shard: str | None = None
    prefix: str = ""
    drops_prefix: bool = False

    def merge_key(self, sort_key: str) -> str:
        """Return the key that entries of several ranges are merged by."""
        return sort_key.removeprefix(self.prefix) if self.drops_prefix else sort_key

    def sort_key(self, merge_key: str) -> str:
        """Return the sort key in this range for a merge key."""
        return self.prefix + merge_key if self.drops_prefix else merge_key


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The counters whose sum is the length of a list: those of some buckets, or (None) of all."""

    bucket_keys: tuple[str, ...] | None
    only_public: bool = False


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """The key ranges that a list is merged from, and the filter that is applied to each record.

    `counters` is None if no counters have the length of the list.
    """

    kind: Kind
    ranges: tuple[KeyRange, ...]
    descending: bool
    remaining_filter: AllOf
    is_by_name: bool
    counters: Counters | None

    def accepts(self, merge_key: str) -> bool:
        """Return True if the merge key can be one of this plan's."""
        return self.is_by_name or NAME_END not in merge_key


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """The partitions of a list, and the conditions that every record in them meets."""

    partitions: tuple[KeyRange, ...]
    met: tuple[Filter, ...] = ()
    added: tuple[Filter, ...] = ()
    """Conditions that a record in them needs to be seen by the caller. They are tested first, so
    that the time of a response does not depend on the values of hidden records."""
    bucket_keys: tuple[str, ...] | None = None
    counted: tuple[Filter, ...] = ()
    """Conditions of which the counters of `bucket_keys` know the result."""


def plan_query(caller: Caller, query: Query) -> QueryPlan:
    """Return the plan of the list that the caller may see.

    Raises MalformedRequestError if the list would be merged from too many buckets.
    """
    conditions = conjuncts(query.condition)
    scope = _scope(caller, query.kind, conditions)
    conditions = (*scope.added, *conditions)
    remaining = tuple(condition for condition in conditions if condition not in scope.met)
    order = query.order or SortOrder.CREATED
    names = _names(query, remaining)
    if names is not None and len(names) * len(scope.partitions) <= _MAX_KEY_RANGES:
        ranges = tuple(
            KeyRange(
                order=SortOrder.NAMED,
                bucket_key=partition.bucket_key,
                shard=partition.shard,
                prefix=prefix,
                drops_prefix=order is SortOrder.CREATED,
            )
            for partition in scope.partitions
            for prefix in sorted({name_prefix(name) for name in names})
        )
    else:
        ranges = tuple(
            KeyRange(order=order, bucket_key=partition.bucket_key, shard=partition.shard)
            for partition in scope.partitions
        )
    return QueryPlan(
        kind=query.kind,
        ranges=ranges,
        descending=query.descending,
        remaining_filter=AllOf(remaining),
        is_by_name=order is SortOrder.NAMED,
        counters=_counters(query.kind, scope, conditions, remaining),
    )


def _counters(
    kind: Kind, scope: _Scope, conditions: Sequence[Filter], remaining: Sequence[Filter]
) -> Counters | None:
    """Return the counters of the list, if it is filtered by nothing but bucket and publicity.

    No counters have the number of derivatives whose sources are public.
    """
    if not all(one in scope.counted or _is_public_only(one) for one in remaining):
        return None
    only_public = any(map(_is_public_only, conditions))
    if only_public and kind is Kind.DERIVATIVE:
        return None
    return Counters(bucket_keys=scope.bucket_keys, only_public=only_public)


def _is_public_only(condition: Filter) -> bool:
    return allowed_values(condition, ("publiclyReleasable",)) == frozenset({True})


def _scope(caller: Caller, kind: Kind, conditions: Sequence[Filter]) -> _Scope:
    by_bucket = {
        condition: values
        for condition in conditions
        if (values := allowed_values(condition, _BUCKET_NAMES)) is not None
    }
    public_only = tuple(filter(_is_public_only, conditions))
    if by_bucket:
        wanted = frozenset.intersection(*by_bucket.values())
        readable = frozenset(key for key in wanted if caller.may_read(key))
        if kind is Kind.OBJECT_UPLOAD or readable == wanted:
            return _bucket_scope(readable, met=tuple(by_bucket))
        # A cursor has the key of the last entry that was read, even if a filter left it out. So no
        # bucket is read that has records which the caller may not see.
        own = _bucket_scope(() if public_only else readable)
        return _Scope(
            partitions=(*own.partitions, *_public_ranges()),
            added=() if public_only else (_seen_by_members_or_public(readable),),
            bucket_keys=_bucket_scope(wanted).bucket_keys,
            counted=tuple(by_bucket),
        )
    if public_only:
        # The sources of a derivative decide, too. So its records are needed, not only their keys.
        met = public_only if kind is not Kind.DERIVATIVE else ()
        return _Scope(partitions=_public_ranges(), met=met)
    if caller.is_admin:
        both = (True, False) if kind is not Kind.OBJECT_UPLOAD else (False,)
        shards = (shard_key(shard, is_public=public) for public in both for shard in SHARDS)
        return _Scope(partitions=_shard_ranges(shards))
    return _bucket_scope(
        [group for group in caller.groups if is_bucket(group) and caller.may_read(group)]
    )


def _seen_by_members_or_public(buckets: Iterable[str]) -> Filter:
    """Return the filter of records in these buckets, and of public records in all buckets."""
    return AnyOf(
        (
            *(Comparison("bucket", Operator.EQ, key, ignores_case=True) for key in sorted(buckets)),
            Comparison("publiclyReleasable", Operator.EQ, value=True),
        )
    )


def _bucket_scope(
    keys: Collection[str], met: tuple[Filter, ...] = (), added: tuple[Filter, ...] = ()
) -> _Scope:
    if len(keys) > MAX_BUCKETS:
        raise MalformedRequestError(
            "too_many_buckets",
            f"This list would be read from {len(keys)} buckets. At most {MAX_BUCKETS} are allowed: "
            "name the buckets with filter[bucket].",
            parameter="filter[bucket]",
        )
    ordered = tuple(sorted(keys))
    return _Scope(
        partitions=tuple(KeyRange(order=SortOrder.CREATED, bucket_key=key) for key in ordered),
        met=met,
        added=added,
        bucket_keys=ordered,
    )


def _public_ranges() -> tuple[KeyRange, ...]:
    return _shard_ranges(shard_key(shard, is_public=True) for shard in SHARDS)


def _shard_ranges(keys: Iterable[str]) -> tuple[KeyRange, ...]:
    return tuple(KeyRange(order=SortOrder.CREATED, shard=key) for key in keys)


def _names(query: Query, conditions: Sequence[Filter]) -> frozenset[str] | None:
    """Return the names that the filter allows, if an index has them in the query's order."""
    if SortOrder.NAMED not in SORT_ORDERS[query.kind] or query.order is SortOrder.CHANGED:
        return None
    allowed = [allowed_values(one, (SortOrder.NAMED.value,)) for one in conditions]
    known = [values for values in allowed if values is not None]
    return frozenset.intersection(*known) if known else None

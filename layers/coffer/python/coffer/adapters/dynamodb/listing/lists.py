"""Read lists from the DynamoDB list indexes, with parallel queries if there are several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.list_keys import SORT_KEYS, ListIndex
from coffer.adapters.dynamodb.listing.counts import CountItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import NAME_END, Kind, SortOrder
from coffer.domain.listing.ports import (
    MAX_INCLUDED_DERIVATIVES,
    IndexEntry,
    RangePage,
    RangeRead,
    too_many_included,
)

_MAX_PARALLEL_QUERIES = 8

_BY_BUCKET: Mapping[Kind, Mapping[SortOrder, ListIndex]] = {
    Kind.METADATA: {
        SortOrder.CREATED: MetadataItem.by_bucket_created,
        SortOrder.CHANGED: MetadataItem.by_bucket_changed,
        SortOrder.NAMED: MetadataItem.by_bucket_named,
    },
    Kind.DERIVATIVE: {SortOrder.CREATED: DerivativeItem.by_bucket_created},
    Kind.OBJECT_UPLOAD: {
        SortOrder.CREATED: UploadItem.by_bucket_created,
        SortOrder.NAMED: UploadItem.by_bucket_named,
    },
}
_BY_SHARD: Mapping[Kind, Mapping[SortOrder, ListIndex]] = {
    Kind.METADATA: {
        SortOrder.CREATED: MetadataItem.by_shard_created,
        SortOrder.CHANGED: MetadataItem.by_shard_changed,
        SortOrder.NAMED: MetadataItem.by_shard_named,
    },
    Kind.DERIVATIVE: {SortOrder.CREATED: DerivativeItem.by_shard_created},
    Kind.OBJECT_UPLOAD: {
        SortOrder.CREATED: UploadItem.by_shard_created,
        SortOrder.NAMED: UploadItem.by_shard_named,
    },
}


class DynamoLists:
    """The list indexes of the three tables, and the counters of their records."""

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        with _parallel_map(len(reads)) as run:
            return list(run(partial(_query_range, kind), reads))

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        with overload_is_unavailable():
            items = (
                CountItem.query(kind.value)
                if bucket_keys is None
                else CountItem.batch_get([(kind.value, key) for key in bucket_keys])
            )
            numbers = [item.public_records if only_public else item.records for item in items]
        return sum(int(number) for number in numbers if number > 0)

    def derivatives(self, metadata_ids: Sequence[str]) -> Mapping[str, Sequence[Derivative]]:
        numbers = count(1)
        with _parallel_map(len(metadata_ids)) as run:
            found = run(partial(_query_derivatives, numbers), metadata_ids)
            return dict(zip(metadata_ids, found, strict=True))


@contextmanager
def _parallel_map(calls: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """Provide a `map` that makes several calls in parallel threads."""
    if calls < 2:
        yield map
        return
    with ThreadPoolExecutor(min(calls, _MAX_PARALLEL_QUERIES)) as pool:
        yield pool.map


def _query_derivatives(numbers: Iterator[int], metadata_id: str) -> Sequence[Derivative]:
    """Return the derivatives of a record. `numbers` counts those of all records."""
    derivatives = []
    with overload_is_unavailable():
        for item in DerivativeItem.by_metadata.query(metadata_id):
            record = item.record()
            if record.deleted_on is None:
                derivatives.append(record)
            if next(numbers) > MAX_INCLUDED_DERIVATIVES:
                raise too_many_included()
    return derivatives


def _query_range(kind: Kind, read: RangeRead) -> RangePage:
    key_range = read.key_range
    is_by_bucket = key_range.bucket_key is not None
    index = (_BY_BUCKET if is_by_bucket else _BY_SHARD)[kind][key_range.order]
    bounds = _prefix_bounds(read)
    if bounds is not None and bounds[0] > bounds[1]:
        return RangePage(entries=(), is_last=True)
    # BETWEEN includes its bounds. So the entry that was read last comes again, and is dropped.
    is_repeated = bounds is not None and read.after in bounds
    limit = read.limit + is_repeated
    sort_key = type(index).sort_key
    with overload_is_unavailable():
        results = index.query(
            key_range.bucket_key if is_by_bucket else key_range.shard,
            range_key_condition=_condition(sort_key, read, bounds),
            scan_index_forward=not read.descending,
            limit=limit,
            page_size=limit,
            attributes_to_get=None if read.with_records else [sort_key.attr_name],
        )
        items = []
        for item in results:
            items.append(item)
            if len(items) == results.total_count:
                break  # DynamoDB's page is used up. One has at most 1 MB.
    name = SORT_KEYS[key_range.order]
    entries = tuple(
        IndexEntry(
            sort_key=getattr(item, name), record=item.record() if read.with_records else None
        )
        for item in items
        if getattr(item, name) != read.after
    )
    return RangePage(entries=entries[: read.limit], is_last=results.last_evaluated_key is None)


def _prefix_bounds(read: RangeRead) -> tuple[str, str] | None:
    """Return the lowest and highest sort key that are left to read of a range with a prefix."""
    first = read.key_range.prefix
    if not first:
        return None
    last = first.removesuffix(NAME_END) + chr(ord(NAME_END) + 1)
    if read.after is None:
        return first, last
    return (first, min(last, read.after)) if read.descending else (max(first, read.after), last)


def _condition(
    sort_key: UnicodeAttribute, read: RangeRead, bounds: tuple[str, str] | None
) -> Condition | None:
    if bounds is not None:
        return sort_key.between(*bounds)
    if read.after is None:
        return None
    return sort_key < read.after if read.descending else sort_key > read.after

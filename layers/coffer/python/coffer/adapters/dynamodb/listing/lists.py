"""The Lists port on DynamoDB: queries on the list indexes, several at once where several are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from coffer.adapters.dynamodb.connection import overload_is_unavailable
from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.list_keys import POSITIONS, ListIndex
from coffer.adapters.dynamodb.listing.counts import DynamoCounts
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import NAME_END, Kind, SortOrder
from coffer.domain.listing.ports import IndexEntry, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange

_Item = UploadItem | MetadataItem | DerivativeItem
_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")

_ENTRIES_PER_TRANSACTION = 8
"""Queries that are under way at the same time."""

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
    """The list indexes of the three tables."""

    def __init__(self) -> None:
        self._counts = DynamoCounts()

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        return _at_once(partial(_read, kind), reads)

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        return self._counts.total(kind, bucket_keys, only_public=only_public)

    def derivatives(self, metadata_ids: Sequence[str]) -> Mapping[str, Sequence[Derivative]]:
        return dict(zip(metadata_ids, _at_once(_made_from, metadata_ids), strict=True))


def _at_once(ask: Callable[[_Question], _Answer], questions: Sequence[_Question]) -> list[_Answer]:
    if len(questions) < 2:
        return [ask(question) for question in questions]
    with ThreadPoolExecutor(min(len(questions), _ENTRIES_PER_TRANSACTION)) as pool:
        return list(pool.map(ask, questions))


def _made_from(metadata_id: str) -> Sequence[Derivative]:
    with overload_is_unavailable():
        records = [item.record() for item in DerivativeItem.by_metadata.query(metadata_id)]
    return [record for record in records if record.deleted_on is None]


def _read(kind: Kind, read: RangeRead) -> RangePage:
    stretch = read.stretch
    by_bucket = stretch.bucket_key is not None
    index = (_BY_BUCKET if by_bucket else _BY_SHARD)[kind][stretch.order]
    span = _span(stretch, read)
    if span is not None and span[0] > span[1]:
        return RangePage(entries=(), ended=True)
    # A span holds its own end: what was read last, which comes once more.
    again = span is not None and read.after in span
    limit = read.limit + again
    key = type(index).position
    with overload_is_unavailable():
        found = index.query(
            stretch.bucket_key if by_bucket else stretch.shard,
            range_key_condition=_condition(key, read, span),
            scan_index_forward=not read.descending,
            limit=limit,
            page_size=limit,
            attributes_to_get=None if read.with_records else [key.attr_name],
        )
        items: list[_Item] = list(found)
    entries = _entries(items, POSITIONS[stretch.order], with_records=read.with_records)
    kept = tuple(entry for entry in entries if entry.position != read.after)
    return RangePage(entries=kept[: read.limit], ended=found.last_evaluated_key is None)


def _entries(items: Iterable[_Item], position: str, *, with_records: bool) -> list[IndexEntry]:
    return [
        IndexEntry(position=getattr(item, position), record=item.record() if with_records else None)
        for item in items
    ]


def _span(stretch: KeyRange, read: RangeRead) -> tuple[str, str] | None:
    """The first and last position of a stretch that begins alike, from where it is read on."""
    if not stretch.beginning:
        return None
    first = stretch.beginning
    last = first.removesuffix(NAME_END) + chr(ord(NAME_END) + 1)
    if read.after is None:
        return first, last
    return (first, min(last, read.after)) if read.descending else (max(first, read.after), last)


def _condition(
    key: UnicodeAttribute, read: RangeRead, span: tuple[str, str] | None
) -> Condition | None:
    if span is not None:
        return key.between(*span)
    if read.after is None:
        return None
    return key < read.after if read.descending else key > read.after

"""A fake of the Lists port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import IndexKeys, Kind, ListedRecord, index_keys_of
from coffer.domain.listing.ports import (
    MAX_INCLUDED_DERIVATIVES,
    IndexEntry,
    RangePage,
    RangeRead,
    too_many_included,
)
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload


class InMemoryLists:
    """The Lists port over records of any kind. Its counters have no delay."""

    def __init__(self, records: Iterable[ListedRecord] = ()) -> None:
        self.records: list[ListedRecord] = list(records)
        self._keys: dict[int, tuple[ListedRecord, IndexKeys | None]] = {}
        self.entries_read = 0

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        return [self._read(kind, one) for one in reads]

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        listed = [keys for _, keys in self._indexed(kind)]
        return sum(
            (bucket_keys is None or keys.bucket_key in bucket_keys)
            and (not only_public or keys.shard.startswith("public"))
            for keys in listed
        )

    def derivatives(self, metadata_ids: Sequence[str]) -> Mapping[str, Sequence[Derivative]]:
        live = [
            record
            for record in sorted(
                (record for record in self.records if isinstance(record, Derivative)),
                key=lambda record: (record.created_on, record.identifier),
            )
            if record.deleted_on is None
        ]
        found = {one: [it for it in live if it.ac_derived_from == one] for one in metadata_ids}
        if sum(map(len, found.values())) > MAX_INCLUDED_DERIVATIVES:
            raise too_many_included()
        return found

    def _indexed(self, kind: Kind) -> list[tuple[ListedRecord, IndexKeys]]:
        kinds = {
            Kind.METADATA: Metadata,
            Kind.DERIVATIVE: Derivative,
            Kind.OBJECT_UPLOAD: ObjectUpload,
        }
        return [
            (record, keys)
            for record in self.records
            if isinstance(record, kinds[kind]) and (keys := self._keys_of(record)) is not None
        ]

    def _keys_of(self, record: ListedRecord) -> IndexKeys | None:
        """Return the record's keys, which are computed once: tests read thousands of pages."""
        if id(record) not in self._keys:
            self._keys[id(record)] = (record, index_keys_of(record))
        return self._keys[id(record)][1]

    def _read(self, kind: Kind, read: RangeRead) -> RangePage:
        key_range = read.key_range
        found = sorted(
            (
                (keys.sort_keys[key_range.order], record)
                for record, keys in self._indexed(kind)
                if key_range.bucket_key in (None, keys.bucket_key)
                and key_range.shard in (None, keys.shard)
                and keys.sort_keys[key_range.order].startswith(key_range.prefix)
            ),
            key=lambda one: one[0],
            reverse=read.descending,
        )
        following = [
            IndexEntry(sort_key=sort_key, record=record if read.with_records else None)
            for sort_key, record in found
            if read.after is None
            or (sort_key < read.after if read.descending else sort_key > read.after)
        ]
        self.entries_read += len(following[: read.limit])
        # Like DynamoDB, which does not look beyond the limit.
        return RangePage(
            entries=tuple(following[: read.limit]), is_last=len(following) < read.limit
        )

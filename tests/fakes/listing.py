"""The indexes that lists are read from, in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import IndexKeys, Kind, Record, index_keys_of
from coffer.domain.listing.ports import IndexEntry, RangePage, RangeRead
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload


class InMemoryLists:
    """The Lists port over records of any kind; its counters have always caught up."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: list[Record] = list(records)
        self.entries_read = 0

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        return [self._read(kind, one) for one in reads]

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        places = [place for _, place in self._placed(kind)]
        return sum(
            (bucket_keys is None or place.bucket_key in bucket_keys)
            and (not only_public or place.shard.startswith("public"))
            for place in places
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
        return {one: [made for made in live if made.ac_derived_from == one] for one in metadata_ids}

    def _placed(self, kind: Kind) -> list[tuple[Record, IndexKeys]]:
        kinds = {
            Kind.METADATA: Metadata,
            Kind.DERIVATIVE: Derivative,
            Kind.OBJECT_UPLOAD: ObjectUpload,
        }
        return [
            (record, place)
            for record in self.records
            if isinstance(record, kinds[kind]) and (place := index_keys_of(record)) is not None
        ]

    def _read(self, kind: Kind, read: RangeRead) -> RangePage:
        stretch = read.stretch
        found = sorted(
            (
                (place.positions[stretch.order], record)
                for record, place in self._placed(kind)
                if stretch.bucket_key in (None, place.bucket_key)
                and stretch.shard in (None, place.shard)
                and place.positions[stretch.order].startswith(stretch.beginning)
            ),
            key=lambda one: one[0],
            reverse=read.descending,
        )
        behind = [
            IndexEntry(position=position, record=record if read.with_records else None)
            for position, record in found
            if read.after is None
            or (position < read.after if read.descending else position > read.after)
        ]
        self.entries_read += len(behind[: read.limit])
        # Like DynamoDB, which does not look behind what it was asked for.
        return RangePage(entries=tuple(behind[: read.limit]), ended=len(behind) < read.limit)

"""Changes of the counters that hold the number of records in lists, by type and bucket."""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.listing.index_keys import IndexKeys, Kind, ListedRecord, index_keys_of, kind_of


@dataclass(frozen=True, kw_only=True)
class CounterChange:
    """Numbers to add to the counters of one type of record in one bucket."""

    kind: Kind
    bucket_key: str
    records: int
    public_records: int


def counter_changes(before: ListedRecord | None, after: ListedRecord) -> tuple[CounterChange, ...]:
    """Return the counter changes that the change of a record causes."""
    old, new = index_keys_of(before) if before else None, index_keys_of(after)
    changes = []
    for key in sorted({keys.bucket_key for keys in (old, new) if keys}):
        records = _count(new, key) - _count(old, key)
        public = _count_public(new, key) - _count_public(old, key)
        if records or public:
            changes.append(
                CounterChange(
                    kind=kind_of(after), bucket_key=key, records=records, public_records=public
                )
            )
    return tuple(changes)


def _count(keys: IndexKeys | None, bucket_key: str) -> int:
    return int(keys is not None and keys.bucket_key == bucket_key)


def _count_public(keys: IndexKeys | None, bucket_key: str) -> int:
    return int(keys is not None and keys.bucket_key == bucket_key and keys.is_public)

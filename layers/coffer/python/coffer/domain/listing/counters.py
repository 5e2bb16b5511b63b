"""Counting: what a change does to the numbers of records that lists show, bucket by bucket."""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import IndexKeys, Kind, Record, index_keys_of
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload


@dataclass(frozen=True, kw_only=True)
class CounterChange:
    """By how much the numbers of one kind of records change in one bucket."""

    kind: Kind
    bucket_key: str
    records: int
    public_records: int


def counter_changes(before: Record | None, after: Record) -> tuple[CounterChange, ...]:
    """What a record's change counts for; nothing where lists show as many as before."""
    left, entered = index_keys_of(before) if before else None, index_keys_of(after)
    changes = []
    for key in sorted({place.bucket_key for place in (left, entered) if place}):
        records = _is_in(entered, key) - _is_in(left, key)
        public = _is_public_in(entered, key) - _is_public_in(left, key)
        if records or public:
            changes.append(
                CounterChange(
                    kind=kind_of(after), bucket_key=key, records=records, public_records=public
                )
            )
    return tuple(changes)


def kind_of(record: Record) -> Kind:
    """The type of the record's resource."""
    match record:
        case ObjectUpload():
            return Kind.OBJECT_UPLOAD
        case Metadata():
            return Kind.METADATA
        case Derivative():
            return Kind.DERIVATIVE


def _is_in(place: IndexKeys | None, bucket_key: str) -> bool:
    return place is not None and place.bucket_key == bucket_key


def _is_public_in(place: IndexKeys | None, bucket_key: str) -> bool:
    return place is not None and place.bucket_key == bucket_key and place.is_public

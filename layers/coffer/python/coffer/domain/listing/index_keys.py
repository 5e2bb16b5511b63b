"""Where a record is found in lists: the partitions and orders of the tables' indexes.

A record is listed while readers may see it: tombstones and uploads that have not been looked into
have no place, so that no list needs to leave them out. Every position ends in the record's id and
is therefore unique: after it comes exactly what was not listed before, which makes it a cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coffer.domain.buckets import bucket_key
from coffer.domain.clock import to_text
from coffer.domain.derivatives.record import Derivative
from coffer.domain.identifiers import shard_of
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload

_PUBLIC, _PRIVATE = "public", "private"
NAME_END = "\t"
"""Stands between a name and what follows it: no name holds it, and it sorts before what they do."""
_MAX_NAME_BYTES = 900
"""An index key of DynamoDB takes 1,024 bytes; a longer name is sorted by its beginning."""

Record = ObjectUpload | Metadata | Derivative


class Kind(StrEnum):
    """The types of the resources that there are lists of."""

    METADATA = "metadata"
    DERIVATIVE = "derivative"
    OBJECT_UPLOAD = "object-upload"


class SortOrder(StrEnum):
    """What lists are sorted by, called as the attribute is."""

    CREATED = "createdOn"
    CHANGED = "xmpMetadataDate"
    NAMED = "originalFilename"


SORT_ORDERS: Mapping[Kind, tuple[SortOrder, ...]] = {
    Kind.METADATA: (SortOrder.CREATED, SortOrder.CHANGED, SortOrder.NAMED),
    Kind.DERIVATIVE: (SortOrder.CREATED,),
    Kind.OBJECT_UPLOAD: (SortOrder.CREATED, SortOrder.NAMED),
}
"""The orders that each kind of record can be listed in, each of them an index by bucket and one
by shard."""


@dataclass(frozen=True, kw_only=True)
class IndexKeys:
    """Where a record is listed: its bucket's partition and its shard, and its position in each
    order that its kind has."""

    bucket_key: str
    shard: str
    positions: Mapping[SortOrder, str]

    @property
    def is_public(self) -> bool:
        """Whether everybody who is signed in may see it."""
        return self.shard.startswith(_PUBLIC)


def index_keys_of(record: Record) -> IndexKeys | None:
    """Where the record is listed; None while no list shows it."""
    if record.deleted_on is not None:
        return None
    match record:
        case ObjectUpload():
            # Whether an upload is public is for the record to say that describes it.
            return _upload_place(record) if record.is_visible else None
        case Metadata():
            created = time_sort_key(record.created_on, record.identifier)
            positions = {
                SortOrder.CREATED: created,
                SortOrder.CHANGED: time_sort_key(record.xmp_metadata_date, record.identifier),
                SortOrder.NAMED: f"{name_prefix(record.original_filename or '')}{created}",
            }
        case Derivative():
            positions = {SortOrder.CREATED: time_sort_key(record.created_on, record.identifier)}
    return IndexKeys(
        bucket_key=bucket_key(record.bucket),
        shard=shard_key(shard_of(record.identifier), is_public=record.publicly_releasable),
        positions=positions,
    )


def _upload_place(upload: ObjectUpload) -> IndexKeys:
    created = time_sort_key(upload.created_on, upload.file_identifier)
    named = f"{name_prefix(upload.original_filename)}{created}"
    return IndexKeys(
        bucket_key=bucket_key(upload.bucket),
        shard=shard_key(shard_of(upload.file_identifier), is_public=False),
        positions={SortOrder.CREATED: created, SortOrder.NAMED: named},
    )


def shard_key(shard: str, *, is_public: bool) -> str:
    """Return the index partition of a shard's public records, or of its other records."""
    return f"{_PUBLIC if is_public else _PRIVATE}#{shard}"


def time_sort_key(moment: datetime, identifier: str) -> str:
    """A position by time; of two records of the same microsecond, the lower id comes first."""
    return f"{to_text(moment)}#{identifier}"


def name_prefix(name: str) -> str:
    """How the positions of everything with this name begin, without regard to case.

    Behind it stands the position by creation: what has the same name comes in that order.
    """
    lowered = name.lower().replace(NAME_END, " ").encode()[:_MAX_NAME_BYTES]
    return f"{lowered.decode(errors='ignore')}{NAME_END}"

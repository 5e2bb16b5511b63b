"""Keys of the table indexes that lists are read from.

A record has index keys while lists show it. Tombstones have none, and uploads have none before
their content was checked. Each sort key ends with the record's id and is therefore unique. A list
goes on after a sort key without missing or repeating a record.
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
"""Separates a name from the rest of its sort key. No name contains it, and it sorts first."""
_MAX_NAME_BYTES = 900
"""A DynamoDB index key has at most 1,024 bytes; only the beginning of a longer name is sorted."""

ListedRecord = ObjectUpload | Metadata | Derivative


class Kind(StrEnum):
    """Resource types of the records that have lists."""

    METADATA = "metadata"
    DERIVATIVE = "derivative"
    OBJECT_UPLOAD = "object-upload"


class SortOrder(StrEnum):
    """Orders of lists, with the names of the attributes that they sort by."""

    CREATED = "createdOn"
    CHANGED = "xmpMetadataDate"
    NAMED = "originalFilename"


@dataclass(frozen=True, kw_only=True)
class IndexKeys:
    """The partition keys of a record, by bucket and by shard, and its sort key in each order."""

    bucket_key: str
    shard: str
    sort_keys: Mapping[SortOrder, str]

    @property
    def is_public(self) -> bool:
        """True if everybody who is signed in may see the record."""
        return self.shard.startswith(_PUBLIC)


def index_keys_of(record: ListedRecord) -> IndexKeys | None:
    """Return the record's index keys; None if no list shows it."""
    if record.deleted_on is not None:
        return None
    match record:
        case ObjectUpload():
            if not record.is_visible:
                return None
            name = record.original_filename
            is_public = False  # only the metadata of an upload can be public
        case Metadata():
            name = record.original_filename or ""
            is_public = record.publicly_releasable
        case Derivative():
            name = ""
            is_public = record.publicly_releasable
    created = time_sort_key(record.created_on, record.identifier)
    sort_keys = {SortOrder.CREATED: created}
    if isinstance(record, Metadata):
        sort_keys[SortOrder.CHANGED] = time_sort_key(record.xmp_metadata_date, record.identifier)
    if not isinstance(record, Derivative):
        sort_keys[SortOrder.NAMED] = f"{name_prefix(name)}{created}"
    return IndexKeys(
        bucket_key=bucket_key(record.bucket),
        shard=shard_key(shard_of(record.identifier), is_public=is_public),
        sort_keys=sort_keys,
    )


def shard_key(shard: str, *, is_public: bool) -> str:
    """Return the index partition of a shard's public records, or of its other records."""
    return f"{_PUBLIC if is_public else _PRIVATE}#{shard}"


def time_sort_key(moment: datetime, identifier: str) -> str:
    """Return the sort key for a time; records of the same microsecond are sorted by their ids."""
    return f"{to_text(moment)}#{identifier}"


def name_prefix(name: str) -> str:
    """Return the prefix that the sort keys of all records with this name share, ignoring case.

    The sort key for the time of creation follows it, and sorts records with the same name.
    """
    lowered = name.lower().replace(NAME_END, " ").encode()[:_MAX_NAME_BYTES]
    return f"{lowered.decode(errors='ignore')}{NAME_END}"


def kind_of(record: ListedRecord) -> Kind:
    """Return the type of the record's resource."""
    match record:
        case ObjectUpload():
            return Kind.OBJECT_UPLOAD
        case Metadata():
            return Kind.METADATA
        case Derivative():
            return Kind.DERIVATIVE

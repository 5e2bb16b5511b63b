"""Find the metadata records of a group by name (object-store-api 1.31: resource-name-identifier).

The name is the original name of the file, compared exactly. The group is the bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller


@dataclass(frozen=True, kw_only=True)
class NamedRecord:
    """The identifier and the name of a record."""

    identifier: str
    name: str | None
    created_on: datetime


@dataclass(frozen=True, kw_only=True)
class NameQuery:
    """Names and ids of the records to find in a group. None means any."""

    group: str
    names: tuple[str, ...] | None
    identifiers: tuple[str, ...] | None
    limit: int


class NamedRecords(Protocol):
    """Finds metadata by name. The cost grows with the number of results."""

    def with_name(self, bucket_key: str, name: str, limit: int) -> Sequence[NamedRecord]:
        """Return the records with exactly this name, the oldest first."""
        ...

    def with_identifiers(
        self, bucket_key: str, identifiers: Sequence[str]
    ) -> Sequence[NamedRecord]:
        """Return those of these records that are in the bucket, in any order."""
        ...

    def in_bucket(self, bucket_key: str, limit: int) -> Sequence[NamedRecord]:
        """Return the records with any name, the oldest first."""
        ...


def find_by_name(records: NamedRecords, caller: Caller, query: NameQuery) -> list[NamedRecord]:
    """Return the records with the names and ids of the query, the oldest first."""
    caller.require_reader(query.group)
    key = bucket_key(query.group)
    if query.identifiers is not None:
        found = [
            record
            for record in records.with_identifiers(key, query.identifiers)
            if query.names is None or record.name in query.names
        ]
    elif query.names is None:
        return list(records.in_bucket(key, query.limit))
    else:
        found = [
            record for name in query.names for record in records.with_name(key, name, query.limit)
        ]
    found.sort(key=lambda record: (record.created_on, record.identifier))
    return found[: query.limit]

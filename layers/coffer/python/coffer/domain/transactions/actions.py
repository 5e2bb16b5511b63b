"""The actions of a transaction. DynamoDB applies all of them or none.

Each action has its condition. So a transaction never depends on what was read before it:
if two callers write the same record, the transaction of one of them fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MAX_ACTIONS = 99
"""A DynamoDB transaction has at most 100 actions. One of them may count the uses of terms."""

MAX_TRANSACTION_BYTES = 3_500_000
"""Size of all records that a transaction writes, as `written_bytes` counts it.

DynamoDB's limit is 4 MB. The rest is for index keys, and for the uploads that are claimed.
"""


class Record(Protocol):
    """A record that a transaction can write."""

    @property
    def identifier(self) -> str:
        """UUID of the record."""
        ...

    @property
    def instance_id(self) -> str:
        """`<type>/<id>` of the record."""
        ...

    @property
    def version(self) -> int:
        """Number of the version, starting with 1."""
        ...


@dataclass(frozen=True)
class Add:
    """Write a new record. Fails if its identifier exists."""

    record: Record

    @property
    def subject(self) -> str:
        return self.record.instance_id


@dataclass(frozen=True)
class Replace:
    """Write `after` in place of `before`. Fails if the record was written after it was read."""

    before: Record
    after: Record

    @property
    def subject(self) -> str:
        return self.after.instance_id


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Enter the record that describes an upload, and take the upload off the sparse index.

    Fails if the upload is claimed, deleted or not AVAILABLE. With `plans_thumbnail`, it also fails
    if the thumbnail of the upload has FAILED. `new_thumbnail_identifier` is the identifier of a
    thumbnail to make of the upload; then it also fails if the upload has one already.
    """

    file_identifier: str
    claimant: str
    plans_thumbnail: bool = False
    new_thumbnail_identifier: str | None = None

    @property
    def subject(self) -> str:
        return f"object-upload/{self.file_identifier}"


@dataclass(frozen=True, kw_only=True)
class Release:
    """Remove the claim of a record, so that the upload awaits a claim from `since` on.

    Fails if the record does not hold the claim.
    """

    file_identifier: str
    claimant: str
    since: datetime

    @property
    def subject(self) -> str:
        return f"object-upload/{self.file_identifier}"


@dataclass(frozen=True, kw_only=True)
class DeriveFrom:
    """Enter a new derivative in the external resource that it is derived from.

    Fails if the resource was deleted or is in another bucket. A `Replace` of the resource that was
    planned before fails: it may be a move, which is refused for resources with derivatives.
    """

    metadata_identifier: str
    bucket: str
    derivative: str

    @property
    def subject(self) -> str:
        return f"metadata/{self.metadata_identifier}"


Action = Add | Replace | Claim | Release | DeriveFrom


def written_bytes(actions: Iterable[Action]) -> int:
    """Return the size of the records that the actions write, as JSON in UTF-8."""
    records = [one.record for one in actions if isinstance(one, Add)]
    records += [one.after for one in actions if isinstance(one, Replace)]
    return sum(
        len(json.dumps(vars(record), ensure_ascii=False, default=str).encode())
        for record in records
    )

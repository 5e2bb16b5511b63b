"""Steps: what one transaction does to records. All of them are done, or none.

A step says itself under which condition it may be done, so that nothing is ever decided by what
was read before: of two callers who want the same, one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MAX_ACTIONS = 99
"""So many a transaction takes: DynamoDB a hundred actions, of which one counts uses of terms."""


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
        """Number of the version, from 1 on."""
        ...


@dataclass(frozen=True)
class Add:
    """Write a record; refused where its identifier is taken."""

    record: Record

    @property
    def subject(self) -> str:
        return self.record.instance_id


@dataclass(frozen=True)
class Replace:
    """Write `after` in the place of `before`; refused where anybody wrote since it was read."""

    before: Record
    after: Record

    @property
    def subject(self) -> str:
        return self.after.instance_id


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Name the one record that describes an upload, which then waits for nothing any more.

    Refused where the upload is claimed, deleted or not AVAILABLE. With `promises_thumbnail` also
    where it is known by now that none can be made. With `wants_thumbnail`, the identifier of the
    thumbnail that is to be made of it, refused where it has one already.
    """

    file_identifier: str
    claimant: str
    promises_thumbnail: bool = False
    wants_thumbnail: str | None = None

    @property
    def subject(self) -> str:
        return f"object-upload/{self.file_identifier}"


@dataclass(frozen=True, kw_only=True)
class Release:
    """Give a claim back: the upload waits for another since now. Refused where it isn't held."""

    file_identifier: str
    claimant: str
    since: datetime

    @property
    def subject(self) -> str:
        return f"object-upload/{self.file_identifier}"


Action = Add | Replace | Claim | Release

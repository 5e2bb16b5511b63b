"""Attributes that PynamoDB lacks, and the epoch seconds of DynamoDB's Time to Live."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from coffer.domain.clock import from_text, to_text


class MomentAttribute(Attribute[datetime]):
    """An aware time, stored as ISO 8601 text in UTC with microseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return to_text(value)

    def deserialize(self, value: str) -> datetime:
        return from_text(value)


def epoch(moment: datetime | None) -> int | None:
    """Return the time in whole seconds since 1970, as Time to Live needs it."""
    return int(moment.timestamp()) if moment else None


def from_epoch(seconds: float | None) -> datetime | None:
    """Return the time of a number of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

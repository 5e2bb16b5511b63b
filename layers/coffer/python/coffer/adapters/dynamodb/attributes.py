"""Attributes that pynamodb lacks: times as text, and as the seconds that DynamoDB's TTL wants."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.attributes import (
    Attribute,
)
from pynamodb.constants import STRING

from coffer.domain.clock import from_text, to_text


class MomentAttribute(Attribute[datetime]):
    """A time, as ISO 8601 text in UTC with microseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return to_text(value)

    def deserialize(self, value: str) -> datetime:
        return from_text(value)


def epoch(moment: datetime | None) -> int | None:
    """A moment as DynamoDB's TTL takes it."""
    return int(moment.timestamp()) if moment else None


def from_epoch(seconds: float | None) -> datetime | None:
    """The moment that `epoch` wrote."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

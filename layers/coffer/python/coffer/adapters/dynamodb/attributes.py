"""Attributes that PynamoDB lacks, and the conversion between records and their items.

An attribute of an item has the name of the record's member and converts its value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import NUMBER, STRING

from coffer.domain.clock import from_text, to_text
from coffer.domain.fields import compact_json

Choice = TypeVar("Choice", bound=StrEnum)
Record = TypeVar("Record")

_members: Callable[[Any], tuple[str, ...]] = cache(
    lambda record_type: tuple(field.name for field in fields(record_type))
)
"""Returns the names of the members of a record type."""


class TimeAttribute(Attribute[datetime]):
    """An aware time, stored as ISO 8601 text in UTC with microseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return to_text(value)

    def deserialize(self, value: str) -> datetime:
        return from_text(value)


class EpochAttribute(Attribute[datetime]):
    """An aware time in whole seconds since 1970, as Time to Live needs it."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        return str(int(value.timestamp()))

    def deserialize(self, value: str) -> datetime:
        return datetime.fromtimestamp(int(value), UTC)


class IntegerAttribute(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(float(value))


class ChoiceAttribute(Attribute[Choice], Generic[Choice]):
    """A value of an enumeration."""

    attr_type = STRING

    def __init__(self, choices: type[Choice], **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices

    def serialize(self, value: Choice) -> str:
        return value.value

    def deserialize(self, value: str) -> Choice:
        return self._choices(value)


class JsonAttribute(Attribute[Any]):
    """A value, stored as JSON in UTF-8.

    Unlike PynamoDB's `JSONAttribute`, it writes no ASCII escapes: they have up to 12 bytes for one
    character, of which UTF-8 needs 4.
    """

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        return compact_json(value)

    def deserialize(self, value: str) -> Any:
        return json.loads(value)


class TextsAttribute(Attribute[Sequence[str]]):
    """A tuple of texts, stored as JSON in UTF-8."""

    attr_type = STRING

    def serialize(self, value: Sequence[str]) -> str:
        return compact_json(list(value))

    def deserialize(self, value: str) -> tuple[str, ...]:
        return tuple(json.loads(value))


class ChangeAttributes:
    """Attributes of items whose records are created, changed and deleted by users."""

    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = TimeAttribute(attr_name="createdOn")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = TimeAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    expires_at = EpochAttribute(null=True, attr_name="expiresAt")
    version = IntegerAttribute()


def stored_values(record: object) -> dict[str, Any]:
    """Return the values of a record's members, without None and empty collections."""
    values = ((name, getattr(record, name)) for name in _members(type(record)))
    return {name: value for name, value in values if value is not None and value not in ((), {})}


def stored_record(item: object, record_type: type[Record], **values: Any) -> Record:
    """Return the record of an item. A member without a stored value has its default.

    `values` are those of members that the item stores in another form.
    """
    stored = {
        name: value
        for name in _members(record_type)
        if name not in values and (value := getattr(item, name)) is not None
    }
    return record_type(**stored, **values)

"""Managed attributes and object subtypes, the terms of the vocabulary.

The names are the reference's (object-store-api 1.31: ObjectStoreManagedAttribute, ObjectSubtype).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coffer.domain.media_types import DcType

MANAGED_ATTRIBUTE = "managed-attribute"
OBJECT_SUBTYPE = "object-subtype"
MAX_TERM_LENGTH = 50
"""Characters of a managed attribute's key, and of a subtype's name."""


class ElementType(StrEnum):
    """Types of the values of a managed attribute."""

    INTEGER = "INTEGER"
    STRING = "STRING"
    DATE = "DATE"
    BOOL = "BOOL"
    DECIMAL = "DECIMAL"


@dataclass(frozen=True)
class Description:
    """The meaning of a managed attribute in one language (ISO 639, two or three letters)."""

    lang: str
    desc: str


@dataclass(frozen=True, kw_only=True)
class _Term:
    """The members of every term. Times are aware UTC."""

    identifier: str
    created_by: str
    created_on: datetime
    changed_by: str | None = None
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    version: int = 1

    @property
    def instance_id(self) -> str:
        """Return `<type>/<id>`, which identifies the record in audit snapshots."""
        return f"{type_name(type(self))}/{self.identifier}"


@dataclass(frozen=True, kw_only=True)
class ManagedAttribute(_Term):
    """An attribute that users add to metadata."""

    name: str
    key: str
    vocabulary_element_type: ElementType
    accepted_values: tuple[str, ...] | None = None
    """The allowed values, in any case; None or empty if all values are allowed."""
    multilingual_description: tuple[Description, ...]

    @property
    def term(self) -> str:
        """Return the key or name by which metadata uses the term."""
        return self.key

    @property
    def meaning(self) -> tuple[str, ...]:
        """Return the values that must not change while records use the term."""
        return (self.key, self.vocabulary_element_type)


@dataclass(frozen=True, kw_only=True)
class ObjectSubtype(_Term):
    """A subdivision of a DcType. `ac_subtype` is in upper case and unique."""

    dc_type: DcType
    ac_subtype: str

    @property
    def term(self) -> str:
        """Return the key or name by which metadata uses the term."""
        return self.ac_subtype

    @property
    def meaning(self) -> tuple[str, ...]:
        """Return the values that must not change while records use the term."""
        return (self.ac_subtype, self.dc_type)


Term = ManagedAttribute | ObjectSubtype


def type_name(kind: type[_Term]) -> str:
    """Return the resource type of a kind of term."""
    return MANAGED_ATTRIBUTE if kind is ManagedAttribute else OBJECT_SUBTYPE


def usage_key(term: Term) -> str:
    """Return `<type>/<term>`, by which the uses of a term are counted."""
    return f"{type_name(type(term))}/{term.term}"

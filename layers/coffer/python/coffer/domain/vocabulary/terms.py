"""Terms: managed attributes and object subtypes. Names and rules are the reference's
(object-store-api 1.31: ObjectStoreManagedAttribute, ObjectSubtype)."""

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
    """What the values of a managed attribute are."""

    INTEGER = "INTEGER"
    STRING = "STRING"
    DATE = "DATE"
    BOOL = "BOOL"
    DECIMAL = "DECIMAL"


@dataclass(frozen=True)
class Description:
    """What a managed attribute means, in one language (ISO 639, two or three letters)."""

    lang: str
    desc: str


@dataclass(frozen=True, kw_only=True)
class ManagedAttribute:
    """An attribute that metadata may have besides its own. Times are aware UTC."""

    identifier: str
    name: str
    key: str
    vocabulary_element_type: ElementType
    accepted_values: tuple[str, ...] | None
    """The only values there may be, whatever their case; None or empty where any may."""
    multilingual_description: tuple[Description, ...]
    created_by: str
    created_on: datetime
    changed_by: str | None = None
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    version: int = 1

    @property
    def term(self) -> str:
        """What metadata uses it by."""
        return self.key

    @property
    def meaning(self) -> tuple[str, ...]:
        """What records rely on that use it."""
        return (self.key, self.vocabulary_element_type)

    @property
    def instance_id(self) -> str:
        """Its name among all records."""
        return f"{MANAGED_ATTRIBUTE}/{self.identifier}"


@dataclass(frozen=True, kw_only=True)
class ObjectSubtype:
    """A finer kind of thing than a DcType. `ac_subtype` is in upper case, and unique."""

    identifier: str
    dc_type: DcType
    ac_subtype: str
    created_by: str
    created_on: datetime
    changed_by: str | None = None
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    version: int = 1

    @property
    def term(self) -> str:
        """What metadata uses it by."""
        return self.ac_subtype

    @property
    def meaning(self) -> tuple[str, ...]:
        """What records rely on that use it."""
        return (self.ac_subtype, self.dc_type)

    @property
    def instance_id(self) -> str:
        """Its name among all records."""
        return f"{OBJECT_SUBTYPE}/{self.identifier}"


Term = ManagedAttribute | ObjectSubtype


def kind_of(kind: type[Term]) -> str:
    """The type of the API's resource for a kind of term."""
    return MANAGED_ATTRIBUTE if kind is ManagedAttribute else OBJECT_SUBTYPE


def usage_key(term: Term) -> str:
    """Under which name the uses of a term are counted: `<type>/<term>`."""
    return f"{kind_of(type(term))}/{term.term}"

"""The items of the vocabulary table: terms, reserved names, and usage counters.

They have three kinds of partitions: `<type>` with terms by id, so that one Query reads all of them;
`<type>/name` with reserved keys or names; and `uses` with the counters.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path

from coffer.adapters.dynamodb.attributes import EpochAttribute, JsonAttribute, TimeAttribute
from coffer.adapters.dynamodb.connection import Table
from coffer.domain.media_types import DcType
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
    type_name,
)
from coffer.settings import table_settings

USAGE_PARTITION = "uses"
COUNTERS = tuple(f"{number:02}" for number in range(32))
"""Ids of the counter items. There are several, so that transactions rarely conflict."""

_USED, _RETIRED = "used:", "retired:"


class _Table:
    table_name = table_settings.vocabulary_table


class TermItem(Table):
    """A managed attribute or a subtype, as `kind` says."""

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    identifier = UnicodeAttribute(range_key=True, attr_name="id")
    name = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    vocabulary_element_type = UnicodeAttribute(null=True, attr_name="vocabularyElementType")
    accepted_values = JsonAttribute(null=True, attr_name="acceptedValues")
    multilingual_description = JsonAttribute(null=True, attr_name="multilingualDescription")
    dc_type = UnicodeAttribute(null=True, attr_name="dcType")
    ac_subtype = UnicodeAttribute(null=True, attr_name="acSubtype")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = TimeAttribute(attr_name="createdOn")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = TimeAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    expires_at = EpochAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()

    @classmethod
    def of(cls, term: Term) -> TermItem:
        """Return the item of a term."""
        values: dict[str, Any] = {
            name: getattr(term, name) for name in _COMMON if name != "version"
        }
        if isinstance(term, ManagedAttribute):
            values |= {
                "name": term.name,
                "key": term.key,
                "vocabulary_element_type": term.vocabulary_element_type.value,
                "accepted_values": list(term.accepted_values) if term.accepted_values else None,
                "multilingual_description": [
                    [one.lang, one.desc] for one in term.multilingual_description
                ],
            }
        else:
            values |= {"dc_type": term.dc_type.value, "ac_subtype": term.ac_subtype}
        return cls(
            kind=type_name(type(term)),
            expires_at=term.deleted_on + TOMBSTONE_LIFETIME if term.deleted_on else None,
            version=term.version,
            **values,
        )

    def record(self) -> Term:
        """Return the term of this item."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _COMMON}
        values["version"] = int(self.version)
        if self.kind == MANAGED_ATTRIBUTE:
            return ManagedAttribute(
                name=str(self.name),
                key=str(self.key),
                vocabulary_element_type=ElementType(self.vocabulary_element_type),
                accepted_values=tuple(self.accepted_values) if self.accepted_values else None,
                multilingual_description=tuple(
                    Description(lang, desc) for lang, desc in self.multilingual_description or ()
                ),
                **values,
            )
        return ObjectSubtype(
            dc_type=DcType(self.dc_type), ac_subtype=str(self.ac_subtype), **values
        )


_COMMON = (
    "identifier", "created_by", "created_on", "changed_by", "deleted_on", "deleted_by", "version",
)  # fmt: skip


class NameItem(Table):
    """Reserves a key or name for a term, so that it is unique."""

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    term = UnicodeAttribute(range_key=True, attr_name="id")
    identifier = UnicodeAttribute(attr_name="termId")

    @classmethod
    def of(cls, term: Term) -> NameItem:
        """Return the item that reserves the term's key or name."""
        return cls(kind=names_partition(type(term)), term=term.term, identifier=term.identifier)


class UsageItem(Table):
    """Counts of the records that use terms; the sum of all counter items is the usage.

    `used:<type>/<term>` is a count. It can be negative, because a record that stops to use a term
    may be counted in another item. `retired:<type>/<term>` exists if the term must not be used.
    """

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    counter = UnicodeAttribute(range_key=True, attr_name="id")
    counts: dict[str, int]

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> UsageItem:
        item = super().from_raw_data(data)
        item.counts = {
            name: int(value["N"]) for name, value in data.items() if name.startswith(_USED)
        }
        return item


def names_partition(kind: type[Term]) -> str:
    """Return the partition of the reserved names of a kind of term."""
    return f"{type_name(kind)}/name"


def usage_path(use: str) -> Path:
    """Return the attribute with a term's count. It is quoted, because a path can have brackets."""
    return Path([f"{_USED}{quote(use, safe='/')}"])


def retired_path(use: str) -> Path:
    """Return the attribute that exists while a term must not be used."""
    return Path([f"{_RETIRED}{quote(use, safe='/')}"])

"""The items of the vocabulary's table: terms, names that are taken, and how often terms are used.

Three kinds of items under one partition key, `kind`, so that all terms of a kind are one Query:
`<type>` with the term's id, `<type>/name` with its key or name, `uses` with a shard.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path

from coffer.adapters.dynamodb.attributes import MomentAttribute
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
    kind_of,
)
from coffer.settings import table_settings

USES = "uses"
COUNTERS = tuple(f"{number:02}" for number in range(32))
"""Keys of the items that uses are counted in: several, so that writers rarely wait."""

_USED, _RETIRED = "used:", "retired:"


class _Table:
    table_name = table_settings.vocabulary_table


class TermItem(Table):
    """A managed attribute or a subtype, told apart by `kind`."""

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    identifier = UnicodeAttribute(range_key=True, attr_name="id")
    name = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    vocabulary_element_type = UnicodeAttribute(null=True, attr_name="vocabularyElementType")
    accepted_values = JSONAttribute(null=True, attr_name="acceptedValues")
    multilingual_description = JSONAttribute(null=True, attr_name="multilingualDescription")
    dc_type = UnicodeAttribute(null=True, attr_name="dcType")
    ac_subtype = UnicodeAttribute(null=True, attr_name="acSubtype")
    created_by = UnicodeAttribute(attr_name="createdBy")
    created_on = MomentAttribute(attr_name="createdOn")
    changed_by = UnicodeAttribute(null=True, attr_name="changedBy")
    deleted_on = MomentAttribute(null=True, attr_name="deletedOn")
    deleted_by = UnicodeAttribute(null=True, attr_name="deletedBy")
    expires_at = NumberAttribute(null=True, attr_name="expiresAt")
    version = NumberAttribute()

    @classmethod
    def of(cls, term: Term) -> TermItem:
        """The item that stands for a term."""
        gone = term.deleted_on
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
            kind=kind_of(type(term)),
            expires_at=int((gone + TOMBSTONE_LIFETIME).timestamp()) if gone else None,
            version=term.version,
            **values,
        )

    def record(self) -> Term:
        """The term that this item stands for."""
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
    """That a key or name is taken, and by which term."""

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    term = UnicodeAttribute(range_key=True, attr_name="id")
    identifier = UnicodeAttribute(attr_name="termId")

    @classmethod
    def of(cls, term: Term) -> NameItem:
        """The item by which a term has its name."""
        return cls(kind=names_of(type(term)), term=term.term, identifier=term.identifier)


class UsesItem(Table):
    """A share of all uses: `used:<type>/<term>` is how often; `retired:…` that it may not be.

    A share may be negative, since a use that ends may be taken from another share; the sum isn't.
    """

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    shard = UnicodeAttribute(range_key=True, attr_name="id")
    shares: dict[str, int]

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> UsesItem:
        item = super().from_raw_data(data)
        item.shares = {
            name: int(value["N"]) for name, value in data.items() if name.startswith(_USED)
        }
        return item


def names_of(kind: type[Term]) -> str:
    """The partition of the names of a kind of term."""
    return f"{kind_of(kind)}/name"


def used(use: str) -> Path:
    """Where a share of a term's uses is kept; quoted, since a path knows brackets."""
    return Path([f"{_USED}{quote(use, safe='/')}"])


def retired(use: str) -> Path:
    """What is there while a term may not be used."""
    return Path([f"{_RETIRED}{quote(use, safe='/')}"])

"""The items of the vocabulary table: terms, reserved names, and usage counters.

They have three kinds of partitions: `<type>` with terms by id, so that one Query reads all of them;
`<type>/name` with reserved keys or names; and `uses` with the counters.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import Any
from urllib.parse import quote

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.operand import Path

from coffer.adapters.dynamodb.attributes import (
    ChangeAttributes,
    ChoiceAttribute,
    JsonAttribute,
    TextsAttribute,
    stored_record,
    stored_values,
)
from coffer.adapters.dynamodb.connection import Table
from coffer.domain.media_types import DcType
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.vocabulary.terms import (
    OBJECT_SUBTYPE,
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


class TermItem(ChangeAttributes, Table):
    """A managed attribute or a subtype, as `kind` says."""

    class Meta(_Table):
        pass

    kind = UnicodeAttribute(hash_key=True)
    identifier = UnicodeAttribute(range_key=True, attr_name="id")
    name = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    vocabulary_element_type = ChoiceAttribute(
        ElementType, null=True, attr_name="vocabularyElementType"
    )
    accepted_values = TextsAttribute(null=True, attr_name="acceptedValues")
    multilingual_description = JsonAttribute(null=True, attr_name="multilingualDescription")
    dc_type = ChoiceAttribute(DcType, null=True, attr_name="dcType")
    ac_subtype = UnicodeAttribute(null=True, attr_name="acSubtype")

    @classmethod
    def of(cls, term: Term) -> TermItem:
        """Return the item of a term."""
        values = stored_values(term)
        if isinstance(term, ManagedAttribute):
            values["multilingual_description"] = list(map(astuple, term.multilingual_description))
        if term.deleted_on is not None:
            values["expires_at"] = term.deleted_on + TOMBSTONE_LIFETIME
        return cls(kind=type_name(type(term)), **values)

    def record(self) -> Term:
        """Return the term of this item."""
        if self.kind == OBJECT_SUBTYPE:
            return stored_record(self, ObjectSubtype)
        descriptions = tuple(Description(*one) for one in self.multilingual_description or ())
        return stored_record(self, ManagedAttribute, multilingual_description=descriptions)


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

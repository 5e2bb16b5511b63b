"""Usage: metadata may only use terms that there are, and rightly; and terms in use stay.

Which terms a record uses is counted in the very transaction that writes the record, so that a
term can be deleted exactly as long as nobody uses it: nothing has to be searched for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from coffer.domain.errors import (
    InvalidError,
    MalformedRequestError,
    Problem,
    RequestError,
    combine_errors,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    OBJECT_SUBTYPE,
    ManagedAttribute,
    ObjectSubtype,
)
from coffer.domain.vocabulary.values import takes

MAX_ATTRIBUTES = 100
MAX_CHARACTERS = 50_000
"""The reference limits neither; a record must fit one item of DynamoDB, 400 KB."""


class UsesTerms(Protocol):
    """A record as far as the vocabulary is concerned."""

    @property
    def dc_type(self) -> DcType:
        """What kind of thing it describes."""
        ...

    @property
    def ac_subtype(self) -> str | None:
        """The name of a subtype."""
        ...

    @property
    def managed_attributes(self) -> Mapping[str, str]:
        """Values by the keys of managed attributes."""
        ...


class DeletableUser(UsesTerms, Protocol):
    """A stored record that uses terms until it is deleted."""

    @property
    def deleted_on(self) -> datetime | None:
        """When the record was deleted; None if it was not."""
        ...


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms that some records name, as far as there are such; by key and by name."""

    attributes: Mapping[str, ManagedAttribute] = field(default_factory=dict)
    subtypes: Mapping[str, ObjectSubtype] = field(default_factory=dict)


class TermReader(Protocol):
    """What finds terms: the Vocabulary port, as far as metadata needs it."""

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        """Those terms among these that there are; asks nothing where none are named."""
        ...


def terms_named_by(vocabulary: TermReader, records: Iterable[UsesTerms]) -> Terms:
    """The terms that these records name: one read for all of them."""
    keys: set[str] = set()
    subtypes: set[str] = set()
    for record in records:
        keys |= set(record.managed_attributes)
        subtypes |= {record.ac_subtype} if record.ac_subtype else set()
    # So many keys would be refused anyway; none of them is looked up.
    return vocabulary.terms(sorted(keys) if len(keys) <= 30 * MAX_ATTRIBUTES else (), subtypes)


def check_terms(terms: Terms, record: UsesTerms, *, where: str = "/data/attributes") -> None:
    """Raise a RequestError that says everything that is wrong with a record's use of its terms.

    An unknown subtype is a malformed request, as in the reference; the rest is against a rule.
    """
    errors: list[RequestError] = []
    problems = [*wrong_attributes(terms, record, where)]
    if problems:
        errors.append(InvalidError.of(problems))
    subtype = terms.subtypes.get(record.ac_subtype) if record.ac_subtype else None
    if subtype is None and record.ac_subtype:
        errors.append(
            MalformedRequestError(
                "unknown_subtype",
                f"{record.ac_subtype[:50]} is not a valid acSubtype",
                pointer=f"{where}/acSubtype",
            )
        )
    if subtype is not None and subtype.dc_type is not record.dc_type:
        errors.append(
            InvalidError(
                "subtype_of_another_type",
                "dcType of metadata and dcType associated with acSubtype should match",
                pointer=f"{where}/acSubtype",
            )
        )
    if errors:
        raise combine_errors(errors)


def wrong_attributes(terms: Terms, record: UsesTerms, where: str) -> Iterator[Problem]:
    """What is wrong with a record's managed attributes."""
    pointer = f"{where}/managedAttributes"
    values = record.managed_attributes
    if len(values) > MAX_ATTRIBUTES or _characters(values) > MAX_CHARACTERS:
        yield Problem(
            "constraint_violation",
            f"managedAttributes takes at most {MAX_ATTRIBUTES} attributes with at most "
            f"{MAX_CHARACTERS} characters in all",
            pointer=pointer,
        )
    for key, value in values.items():
        attribute = terms.attributes.get(key)
        if attribute is None:
            yield Problem(
                "unknown_managed_attribute",
                f'"{key[:50]}" unknown managed attribute key',
                pointer=pointer,
            )
        elif not takes(attribute, value):
            yield Problem(
                "invalid_managed_attribute",
                f'Value "{value[:100]}" is invalid for key {key}',
                pointer=f"{pointer}/{key}",
            )


def uses_of(metadata: DeletableUser | None) -> frozenset[str]:
    """What a record uses, as `<type>/<term>`; a record that isn't there, or deleted, nothing."""
    if metadata is None or metadata.deleted_on is not None:
        return frozenset()
    subtype = {f"{OBJECT_SUBTYPE}/{metadata.ac_subtype}"} if metadata.ac_subtype else set()
    return frozenset(f"{MANAGED_ATTRIBUTE}/{key}" for key in metadata.managed_attributes) | subtype


def moved_uses(
    changes: Iterable[tuple[DeletableUser | None, DeletableUser | None]],
) -> dict[str, int]:
    """By how much each term is used more, or less, after records changed from before to after.

    A term whose uses stay the same, one for another, is not there.
    """
    moved: Counter[str] = Counter()
    for before, after in changes:
        moved.update(uses_of(after) - uses_of(before))
        moved.subtract(uses_of(before) - uses_of(after))
    return {use: times for use, times in sorted(moved.items()) if times}


def _characters(values: Mapping[str, str]) -> int:
    return sum(len(key) + len(value) for key, value in values.items())

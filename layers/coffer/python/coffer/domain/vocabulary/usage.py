"""Check that metadata uses existing terms correctly, and count the use of terms.

The transaction that writes a record also counts the terms that the record uses. So a term can be
deleted if its count is 0, without a search.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Protocol

from coffer.domain.errors import (
    InvalidError,
    MalformedRequestError,
    Problem,
    RequestError,
    combine_errors,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.ports import TermReader, Terms
from coffer.domain.vocabulary.terms import (
    MANAGED_ATTRIBUTE,
    OBJECT_SUBTYPE,
    ElementType,
    ManagedAttribute,
)

MAX_MANAGED_ATTRIBUTES = 100
MAX_MANAGED_ATTRIBUTE_CHARACTERS = 50_000
"""Characters of all keys and values. The reference limits neither, but a DynamoDB item has at most
400 KB."""
# The reference accepts no sign. Here an integer may be negative.
_INTEGER = re.compile(r"-?[0-9]+")
# Any number that Java's BigDecimal parses, as in the reference, with digits of ASCII.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class TermUser(Protocol):
    """The members of a record that use terms."""

    @property
    def dc_type(self) -> DcType:
        """The type of the described resource."""
        ...

    @property
    def ac_subtype(self) -> str | None:
        """The name of an object subtype."""
        ...

    @property
    def managed_attributes(self) -> Mapping[str, str]:
        """The values of managed attributes, by key."""
        ...


class DeletableTermUser(TermUser, Protocol):
    """A stored record that uses terms until it is deleted."""

    @property
    def deleted_on(self) -> datetime | None:
        """The time of deletion; None if the record is not deleted."""
        ...


def read_used_terms(vocabulary: TermReader, records: Iterable[TermUser]) -> Terms:
    """Return the terms that these records use, from one read."""
    keys: set[str] = set()
    subtypes: set[str] = set()
    for record in records:
        keys |= set(record.managed_attributes)
        subtypes |= {record.ac_subtype} if record.ac_subtype else set()
    # A request with more keys than this is refused without reading them.
    readable = sorted(keys) if len(keys) <= 30 * MAX_MANAGED_ATTRIBUTES else ()
    return vocabulary.terms(readable, subtypes)


def check_terms(terms: Terms, record: TermUser, *, where: str = "/data/attributes") -> None:
    """Raise a RequestError with all problems of a record's terms.

    An unknown subtype makes the request malformed, as in the reference. Other problems make it
    invalid.
    """
    errors: list[RequestError] = []
    problems = [*managed_attribute_problems(terms, record, where)]
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


def managed_attribute_problems(terms: Terms, record: TermUser, where: str) -> Iterator[Problem]:
    """Return the problems of a record's managed attributes."""
    pointer = f"{where}/managedAttributes"
    values = record.managed_attributes
    if (
        len(values) > MAX_MANAGED_ATTRIBUTES
        or _characters(values) > MAX_MANAGED_ATTRIBUTE_CHARACTERS
    ):
        yield Problem(
            "constraint_violation",
            f"managedAttributes takes at most {MAX_MANAGED_ATTRIBUTES} attributes with at most "
            f"{MAX_MANAGED_ATTRIBUTE_CHARACTERS} characters in all",
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
        elif not is_valid_value(attribute, value):
            yield Problem(
                "invalid_managed_attribute",
                f'Value "{value[:100]}" is invalid for key {key}',
                pointer=f"{pointer}/{key}",
            )


def used_terms(metadata: DeletableTermUser | None) -> frozenset[str]:
    """Return the terms that a record uses, as `<type>/<term>`; none if it is deleted or None."""
    if metadata is None or metadata.deleted_on is not None:
        return frozenset()
    subtype = {f"{OBJECT_SUBTYPE}/{metadata.ac_subtype}"} if metadata.ac_subtype else set()
    return frozenset(f"{MANAGED_ATTRIBUTE}/{key}" for key in metadata.managed_attributes) | subtype


def usage_changes(
    changes: Iterable[tuple[DeletableTermUser | None, DeletableTermUser | None]],
) -> dict[str, int]:
    """Return the numbers to add to the usage counts of terms when records change.

    Terms whose count stays the same are left out.
    """
    differences: Counter[str] = Counter()
    for before, after in changes:
        differences.update(used_terms(after) - used_terms(before))
        differences.subtract(used_terms(before) - used_terms(after))
    return {use: difference for use, difference in sorted(differences.items()) if difference}


def _characters(values: Mapping[str, str]) -> int:
    return sum(len(key) + len(value) for key, value in values.items())


def is_valid_value(attribute: ManagedAttribute, value: str) -> bool:
    """Return True if a managed attribute may have this value."""
    if not _IS_OF[attribute.vocabulary_element_type](value):
        return False
    accepted = attribute.accepted_values
    return not accepted or value.casefold() in {one.casefold() for one in accepted}


def _is_date(value: str) -> bool:
    """Return True if the value is an existing date of the form yyyy-MM-dd."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_IS_OF: Mapping[ElementType, Callable[[str], bool]] = {
    ElementType.INTEGER: lambda value: _INTEGER.fullmatch(value) is not None,
    ElementType.DECIMAL: lambda value: _DECIMAL.fullmatch(value) is not None,
    ElementType.DATE: _is_date,
    ElementType.BOOL: lambda value: value in ("true", "false"),
    ElementType.STRING: lambda _value: True,
}

"""Ports that read and write vocabulary terms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, Term

T = TypeVar("T", ManagedAttribute, ObjectSubtype)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Managed attributes by key, and object subtypes by name."""

    attributes: Mapping[str, ManagedAttribute] = field(default_factory=dict)
    subtypes: Mapping[str, ObjectSubtype] = field(default_factory=dict)


class TermReader(Protocol):
    """Reads terms by key or name."""

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        """Return those of these terms that exist; make no request if there are no names."""
        ...


class Vocabulary(TermReader, Protocol):
    """The terms. Reads see all completed writes."""

    def get(self, kind: type[T], identifier: str) -> T | None:
        """Return the term with this id, also if it is a tombstone."""
        ...

    def named(self, kind: type[T], term: str) -> T | None:
        """Return the term with this key or name, unless it is deleted."""
        ...

    def all_of(self, kind: type[T]) -> Sequence[T]:
        """Return all terms of a kind that are not deleted, the oldest first."""
        ...

    def add(self, term: Term) -> None:
        """Write a new term; raise RecordExistsError if its key or name is not unique."""
        ...

    def replace(self, before: Term, after: Term) -> None:
        """Write `after`, which may be a tombstone, in place of `before`.

        It is one transaction, also with the counting of uses. Raises RecordChangedError if the term
        was written since `before` was read, RecordExistsError if a new name is not unique, and
        TermInUseError if records use the term and the change `must_be_unused`.
        """
        ...

"""A fake of the Vocabulary port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from coffer.domain.errors import RecordChangedError, RecordExistsError, TermInUseError
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.rules import must_be_unused
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, Term, usage_key

T = TypeVar("T", ManagedAttribute, ObjectSubtype)


class InMemoryVocabulary:
    """The Vocabulary port. `uses` are the usage counts of terms."""

    def __init__(self, *terms: Term) -> None:
        self.records: dict[str, Term] = {term.instance_id: term for term in terms}
        self.uses: Counter[str] = Counter()

    def get(self, kind: type[T], identifier: str) -> T | None:
        return next((one for one in self._of(kind) if one.identifier == identifier), None)

    def named(self, kind: type[T], term: str) -> T | None:
        return self._named(kind).get(term)

    def all_of(self, kind: type[T]) -> Sequence[T]:
        existing = [one for one in self._of(kind) if one.deleted_on is None]
        return sorted(existing, key=lambda one: one.identifier)

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        attributes, known = self._named(ManagedAttribute), self._named(ObjectSubtype)
        return Terms(
            attributes={key: attributes[key] for key in keys if key in attributes},
            subtypes={name: known[name] for name in subtypes if name in known},
        )

    def add(self, term: Term) -> None:
        if self._is_taken(term):
            raise RecordExistsError(term.instance_id)
        self.records[term.instance_id] = term

    def replace(self, before: Term, after: Term) -> None:
        if must_be_unused(before, after) and self.uses[usage_key(before)] > 0:
            raise TermInUseError(before.instance_id)
        if self.records[before.instance_id].version != before.version:
            raise RecordChangedError(before.instance_id)
        if before.term != after.term and self._is_taken(after):
            raise RecordExistsError(after.term)
        self.records[after.instance_id] = after

    def count(self, changes: Mapping[str, int]) -> None:
        """Add the changes to the usage counts."""
        self.uses.update(changes)

    def _of(self, kind: type[T]) -> list[T]:
        return [one for one in self.records.values() if isinstance(one, kind)]

    def _named(self, kind: type[T]) -> Mapping[str, T]:
        return {one.term: one for one in self.all_of(kind)}

    def _is_taken(self, term: Term) -> bool:
        if isinstance(term, ManagedAttribute):
            return term.term in self._named(ManagedAttribute)
        return term.term in self._named(ObjectSubtype)

"""Read vocabulary terms."""

from __future__ import annotations

from typing import TypeVar

from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.vocabulary.ports import Vocabulary
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, Term, type_name

T = TypeVar("T", ManagedAttribute, ObjectSubtype)


def read_term(vocabulary: Vocabulary, kind: type[T], identifier: str) -> T:
    """Return the term with this id; raise NotFoundError, or GoneError if it was deleted."""
    term = vocabulary.get(kind, identifier)
    if term is None:
        raise _not_found(kind, identifier)
    if term.deleted_on is not None:
        raise GoneError(
            "term_deleted",
            f"The {type_name(kind)} {identifier} was deleted. Its audit snapshots say when and by "
            "whom.",
            instance_id=term.instance_id,
        )
    return term


def read_term_by_name(vocabulary: Vocabulary, kind: type[T], term: str) -> T:
    """Return the term with this key or name; raise NotFoundError for an unknown one."""
    found = vocabulary.named(kind, term)
    if found is None:
        raise _not_found(kind, term)
    return found


def _not_found(kind: type[Term], identifier: str) -> NotFoundError:
    return NotFoundError("term_not_found", f"There is no {type_name(kind)} {identifier[:80]}.")

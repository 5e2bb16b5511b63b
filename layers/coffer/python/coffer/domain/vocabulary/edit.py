"""Create, change and delete vocabulary terms.

Two deviations from the reference: a name that another term has is a conflict, and a term that
records use keeps its name and type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    InvalidError,
    RecordChangedError,
    RecordExistsError,
    TermInUseError,
)
from coffer.domain.permissions.rights import Permission, require_right
from coffer.domain.transactions.commit import (
    Precondition,
    ReservedIdentifier,
    identifier_of_new,
    records_busy,
)
from coffer.domain.vocabulary.ports import Vocabulary
from coffer.domain.vocabulary.read import read_term
from coffer.domain.vocabulary.rules import changed_values, check_size, new_values
from coffer.domain.vocabulary.terms import ManagedAttribute, ObjectSubtype, Term, type_name

ANY_VERSION = Precondition()
_MAX_ATTEMPTS = 3
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


def create_term(
    vocabulary: Vocabulary,
    clock: Clock,
    caller: Caller,
    kind: type[T],
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
) -> T:
    """Create a term and return it.

    If an earlier run of the request created it under the `reserved` identifier, returns that term.
    """
    require_right(caller, type_name(kind), Permission.CREATE)
    existing = vocabulary.get(kind, reserved.identifier) if reserved else None
    if existing is not None:
        return existing
    term = kind(
        identifier=identifier_of_new(
            clock, given, reserved, lambda identifier: vocabulary.get(kind, identifier)
        ),
        created_by=caller.username,
        created_on=clock.now(),
        **new_values(kind, given),
    )
    check_size(term)
    try:
        vocabulary.add(term)
    except RecordExistsError as error:
        raise _exists(term) from error
    return term


def change_term(
    vocabulary: Vocabulary,
    caller: Caller,
    kind: type[T],
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition = ANY_VERSION,
) -> T:
    """Apply changes, by the attributes of the term, and return the changed term."""
    require_right(caller, type_name(kind), Permission.UPDATE)

    def change(before: T) -> T:
        after = replace(before, **changed_values(before, changes))
        check_size(after)
        return after

    return _replace(vocabulary, caller, kind, identifier, change, precondition)


def delete_term(
    vocabulary: Vocabulary,
    clock: Clock,
    caller: Caller,
    kind: type[T],
    identifier: str,
    precondition: Precondition = ANY_VERSION,
) -> None:
    """Delete a term that no record uses, so that its key or name can be used again."""
    require_right(caller, type_name(kind), Permission.DELETE)

    def delete(before: T) -> T:
        return replace(before, deleted_on=clock.now(), deleted_by=caller.username)

    _replace(vocabulary, caller, kind, identifier, delete, precondition)


def _replace(
    vocabulary: Vocabulary,
    caller: Caller,
    kind: type[T],
    identifier: str,
    change: Callable[[T], T],
    precondition: Precondition,
) -> T:
    """Write the changed term; read it again and retry if another request wrote it."""
    for _ in range(_MAX_ATTEMPTS):
        before = read_term(vocabulary, kind, identifier)
        precondition.check(before.version)
        after = change(before)
        if after == before:
            return before
        after = replace(after, changed_by=caller.username, version=before.version + 1)
        try:
            vocabulary.replace(before, after)
        except RecordChangedError:
            continue
        except TermInUseError as error:
            raise _in_use(before) from error
        except RecordExistsError as error:
            raise _exists(after) from error
        return after
    raise records_busy()


def _exists(term: Term) -> ConflictError:
    name = "name" if isinstance(term, ManagedAttribute) else "acSubtype"
    return ConflictError(
        "term_exists",
        f"Another {type_name(type(term))} is called {term.term} already.",
        pointer=f"/data/attributes/{name}",
    )


def _in_use(term: Term) -> InvalidError:
    """Return the error of the reference, in its wording."""
    if isinstance(term, ManagedAttribute):
        detail = f"Managed attribute key: {term.key}, is currently in use."
    else:
        detail = f"Object subtype: {term.ac_subtype}, is currently in use."
    return InvalidError("term_in_use", detail)

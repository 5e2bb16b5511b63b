"""Editing the vocabulary: terms are created, changed and deleted, each as a record of its own.

Rules and messages are the reference's (object-store-api 1.31: managed attributes, subtypes). Here a
name that is taken is a conflict, and a term in use keeps its name and its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    Problem,
    RecordChangedError,
    RecordExistsError,
    TermInUseError,
)
from coffer.domain.fields import RecordFields, limit_problems, missing_problems, violation
from coffer.domain.identifiers import new_identifier
from coffer.domain.transactions.commit import Precondition, ReservedIdentifier, records_busy
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from coffer.domain.vocabulary.keys import key_of
from coffer.domain.vocabulary.terms import (
    MAX_TERM_LENGTH,
    Description,
    ManagedAttribute,
    ObjectSubtype,
    Term,
    kind_of,
)
from coffer.domain.vocabulary.usage import TermReader

LANGUAGE = re.compile("[A-Za-z]{2,3}")
MAX_DESCRIPTIONS_IN_ALL = 40_000
"""Characters of all descriptions together; the reference has no such limit, but an item has."""

ANY_VERSION = Precondition()
_ATTEMPTS = 3
T = TypeVar("T", ManagedAttribute, ObjectSubtype)


class Vocabulary(TermReader, Protocol):
    """The terms. Reads see every write that was confirmed before."""

    def get(self, kind: type[T], identifier: str) -> T | None:
        """The term with this id, tombstones included."""
        ...

    def named(self, kind: type[T], term: str) -> T | None:
        """The term of that key or name, if there is one now."""
        ...

    def all_of(self, kind: type[T]) -> Sequence[T]:
        """All terms of a kind that there are now, the oldest first."""
        ...

    def add(self, term: Term) -> None:
        """Write a new term; raises RecordExistsError where its key or name is taken."""
        ...

    def replace(self, before: Term, after: Term) -> None:
        """Write `after` in the place of `before`, which a deleted term's tombstone does, too.

        Raises RecordChangedError where anybody wrote since `before` was read, RecordExistsError
        where the new name is taken, and TermInUseError where metadata uses the term and the change
        is one that `must_be_unused`. All of this is one transaction with what metadata counts.
        """
        ...


def must_be_unused(before: Term, after: Term) -> bool:
    """Whether a change takes away what records that use the term rely on."""
    return after.deleted_on is not None or before.meaning != after.meaning


def read_term(vocabulary: Vocabulary, kind: type[T], identifier: str) -> T:
    """The term with this id; NotFoundError, or GoneError where it was deleted."""
    term = vocabulary.get(kind, identifier)
    if term is None:
        raise _not_found(kind, identifier)
    if term.deleted_on is not None:
        raise GoneError(
            "term_deleted",
            f"The {kind_of(kind)} {identifier} was deleted; its audit tells by whom and when.",
            instance_id=term.instance_id,
        )
    return term


def read_term_named(vocabulary: Vocabulary, kind: type[T], term: str) -> T:
    """The term of this key or name; NotFoundError where there is none."""
    found = vocabulary.named(kind, term)
    if found is None:
        raise _not_found(kind, term)
    return found


def create_managed_attribute(
    vocabulary: Vocabulary,
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
) -> ManagedAttribute:
    """Create a managed attribute of `given`, with a key made from its name, and return it.

    Returns the existing one if an earlier run of the request created it under the `reserved`
    identifier.
    """
    caller.require_role_anywhere(Role.SUPER_USER)
    made = vocabulary.get(ManagedAttribute, reserved.identifier) if reserved else None
    if made is not None:
        return made
    values = _values(MANAGED_ATTRIBUTE_FIELDS, given)
    key = key_of(values["name"] or "")
    _raise_if_any([*_key_problems(values["name"], key), *_attribute_problems(values)])
    attribute = ManagedAttribute(
        identifier=reserved.identifier if reserved else new_identifier(clock),
        key=key,
        created_by=caller.username,
        created_on=clock.now(),
        **values,
    )
    try:
        vocabulary.add(attribute)
    except RecordExistsError as error:
        raise _exists(attribute) from error
    return attribute


def create_object_subtype(
    vocabulary: Vocabulary,
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
) -> ObjectSubtype:
    """Create a subtype of `given` and return it. Its name is unique among all subtypes.

    `reserved` is as for managed attributes.
    """
    caller.require_admin()
    made = vocabulary.get(ObjectSubtype, reserved.identifier) if reserved else None
    if made is not None:
        return made
    values = _subtype_values(given)
    _raise_if_any(_subtype_problems(values))
    subtype = ObjectSubtype(
        identifier=reserved.identifier if reserved else new_identifier(clock),
        created_by=caller.username,
        created_on=clock.now(),
        **values,
    )
    try:
        vocabulary.add(subtype)
    except RecordExistsError as error:
        raise _exists(subtype) from error
    return subtype


def change_managed_attribute(
    vocabulary: Vocabulary,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition = ANY_VERSION,
) -> ManagedAttribute:
    """Apply `changes`, by the attributes of `ManagedAttribute`; a new name is ignored."""
    caller.require_role_anywhere(Role.SUPER_USER)

    def changed(before: ManagedAttribute) -> ManagedAttribute:
        values = _values(MANAGED_ATTRIBUTE_FIELDS, {**vars(before), **changes})
        values["name"] = before.name
        _raise_if_any(_attribute_problems(values))
        return replace(before, **values)

    return _change(vocabulary, caller, ManagedAttribute, identifier, changed, precondition)


def change_object_subtype(
    vocabulary: Vocabulary,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition = ANY_VERSION,
) -> ObjectSubtype:
    """Apply `changes`, by the attributes of `ObjectSubtype`."""
    caller.require_admin()

    def changed(before: ObjectSubtype) -> ObjectSubtype:
        values = _subtype_values({**vars(before), **changes})
        _raise_if_any(_subtype_problems(values))
        return replace(before, **values)

    return _change(vocabulary, caller, ObjectSubtype, identifier, changed, precondition)


def delete_term(
    vocabulary: Vocabulary,
    clock: Clock,
    caller: Caller,
    kind: type[T],
    identifier: str,
    precondition: Precondition = ANY_VERSION,
) -> None:
    """Delete a term that no metadata uses: its key or name is free again, its audit stays."""
    if kind is ManagedAttribute:
        caller.require_role_anywhere(Role.SUPER_USER)
    else:
        caller.require_admin()

    def deleted(before: T) -> T:
        return replace(before, deleted_on=clock.now(), deleted_by=caller.username)

    _change(vocabulary, caller, kind, identifier, deleted, precondition)


def _change(
    vocabulary: Vocabulary,
    caller: Caller,
    kind: type[T],
    identifier: str,
    changed: Callable[[T], T],
    precondition: Precondition,
) -> T:
    """Make a change to what is there; once more where somebody else was faster."""
    for _ in range(_ATTEMPTS):
        before = read_term(vocabulary, kind, identifier)
        precondition.check(before.version)
        after = replace(changed(before), changed_by=caller.username, version=before.version + 1)
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


def _values(fields: RecordFields, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all writable attributes; of those that are not given, empty ones."""
    values = {one.attribute: given.get(one.attribute) for one in fields.writable}
    return values | {
        one.attribute: one.empty_value for one in fields.writable if values[one.attribute] is None
    }


def _subtype_values(given: Mapping[str, Any]) -> dict[str, Any]:
    values = _values(OBJECT_SUBTYPE_FIELDS, given)
    return values | {"ac_subtype": (values["ac_subtype"] or "").upper()}


def _raise_if_any(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise InvalidError.of(found)


def _key_problems(name: str | None, key: str) -> Iterator[Problem]:
    if not name or len(name) > (MANAGED_ATTRIBUTE_FIELDS.by_name["name"].max_length or 0):
        return  # its own rules say so
    if not key:
        yield violation("name", "must have a letter of ASCII or a digit, to make a key of")
    elif len(key) > MAX_TERM_LENGTH:
        yield violation("name", f"makes a key of {len(key)} characters; at most {MAX_TERM_LENGTH}")


def _attribute_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    yield from missing_problems(MANAGED_ATTRIBUTE_FIELDS.writable, values)
    yield from limit_problems(MANAGED_ATTRIBUTE_FIELDS.writable, values)
    yield from _description_problems(values["multilingual_description"])


def _description_problems(descriptions: Sequence[Description]) -> Iterator[Problem]:
    field = MANAGED_ATTRIBUTE_FIELDS.by_name["multilingualDescription"]
    shortest, longest, most = field.min_length, field.max_length or 0, field.max_items or 0
    if not descriptions:
        yield violation(field.name, "must not be empty")
    if len(descriptions) > most:
        yield violation(field.name, f"takes at most {most} descriptions")
    if not all(LANGUAGE.fullmatch(one.lang) for one in descriptions):
        yield violation(field.name, "takes languages of two or three letters")
    sizes = [len(one.desc) for one in descriptions]
    if not all(shortest <= size <= longest for size in sizes):
        yield violation(field.name, f"takes descriptions of {shortest} to {longest} characters")
    elif sum(sizes) > MAX_DESCRIPTIONS_IN_ALL:
        yield violation(field.name, f"takes at most {MAX_DESCRIPTIONS_IN_ALL} characters in all")


def _subtype_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    yield from missing_problems(OBJECT_SUBTYPE_FIELDS.writable, values)
    yield from limit_problems(OBJECT_SUBTYPE_FIELDS.writable, values)


def _not_found(kind: type[Term], identifier: str) -> NotFoundError:
    return NotFoundError("term_not_found", f"There is no {kind_of(kind)} {identifier[:80]}.")


def _exists(term: Term) -> ConflictError:
    kind = kind_of(type(term))
    name = "name" if isinstance(term, ManagedAttribute) else "acSubtype"
    return ConflictError(
        "term_exists",
        f"There is a term {term.term} among the {kind}s already.",
        pointer=f"/data/attributes/{name}",
    )


def _in_use(term: Term) -> InvalidError:
    if isinstance(term, ManagedAttribute):
        detail = f"Managed attribute key: {term.key}, is currently in use."
    else:
        detail = f"Object subtype: {term.ac_subtype}, is currently in use."
    return InvalidError("term_in_use", detail)

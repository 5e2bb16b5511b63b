"""Editing the vocabulary: terms are created, changed and deleted, each as a record of its own.

Rules and messages are the reference's (object-store-api 1.31: managed attributes, subtypes). Here a
name that is taken is a conflict, and a term in use keeps its name and its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
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
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import DcType
from coffer.domain.transactions.commit import Precondition, ReservedIdentifier, records_busy
from coffer.domain.vocabulary.keys import key_of
from coffer.domain.vocabulary.terms import (
    MAX_TERM_LENGTH,
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
    kind_of,
)
from coffer.domain.vocabulary.usage import TermReader

MAX_NAME = 250
MAX_ACCEPTED_VALUES, MAX_ACCEPTED_VALUE = 500, 100
MAX_DESCRIPTIONS = 20
LANGUAGE = re.compile("[A-Za-z]{2,3}")
MIN_DESCRIPTION, MAX_DESCRIPTION = 2, 5000
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


@dataclass(frozen=True, kw_only=True)
class NewManagedAttribute:
    """What a caller says of a managed attribute; None where nothing was said."""

    name: str | None = None
    vocabulary_element_type: ElementType | None = None
    accepted_values: tuple[str, ...] | None = None
    multilingual_description: tuple[Description, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewObjectSubtype:
    """What a caller says of a subtype; None where nothing was said."""

    dc_type: DcType | None = None
    ac_subtype: str | None = None


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
    new: NewManagedAttribute,
    reserved: ReservedIdentifier | None = None,
) -> ManagedAttribute:
    """Add a managed attribute under a key made from its name.

    With a `reserved` identifier, one that an earlier run made under it is what this one made.
    """
    caller.require_role_anywhere(Role.SUPER_USER)
    made = vocabulary.get(ManagedAttribute, reserved.identifier) if reserved else None
    if made is not None:
        return made
    key = key_of(new.name or "")
    _require([*_wrong_name(new.name, key), *_wrong_attribute(new)])
    attribute = ManagedAttribute(
        identifier=reserved.identifier if reserved else new_identifier(clock),
        name=str(new.name),
        key=key,
        vocabulary_element_type=ElementType(str(new.vocabulary_element_type)),
        accepted_values=new.accepted_values,
        multilingual_description=new.multilingual_description,
        created_by=caller.username,
        created_on=clock.now(),
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
    new: NewObjectSubtype,
    reserved: ReservedIdentifier | None = None,
) -> ObjectSubtype:
    """Add a subtype under its name in upper case, which is unique whatever its dcType.

    `reserved` is as for managed attributes.
    """
    caller.require_admin()
    made = vocabulary.get(ObjectSubtype, reserved.identifier) if reserved else None
    if made is not None:
        return made
    _require(_wrong_subtype(new))
    subtype = ObjectSubtype(
        identifier=reserved.identifier if reserved else new_identifier(clock),
        dc_type=DcType(str(new.dc_type)),
        ac_subtype=str(new.ac_subtype).upper(),
        created_by=caller.username,
        created_on=clock.now(),
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
    """Change what was sent, by the fields of NewManagedAttribute; a new name is passed over."""
    caller.require_role_anywhere(Role.SUPER_USER)

    def changed(before: ManagedAttribute) -> ManagedAttribute:
        new = replace(_given(NewManagedAttribute, before), **{**changes, "name": before.name})
        _require(_wrong_attribute(new))
        return replace(
            before,
            vocabulary_element_type=ElementType(str(new.vocabulary_element_type)),
            accepted_values=new.accepted_values,
            multilingual_description=new.multilingual_description,
        )

    return _change(vocabulary, caller, ManagedAttribute, identifier, changed, precondition)


def change_object_subtype(
    vocabulary: Vocabulary,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition = ANY_VERSION,
) -> ObjectSubtype:
    """Change what was sent, by the fields of NewObjectSubtype."""
    caller.require_admin()

    def changed(before: ObjectSubtype) -> ObjectSubtype:
        new = replace(_given(NewObjectSubtype, before), **changes)
        _require(_wrong_subtype(new))
        name = str(new.ac_subtype).upper()
        return replace(before, dc_type=DcType(str(new.dc_type)), ac_subtype=name)

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


def _given(kind: Any, term: Term) -> Any:
    """What a caller would have said to get this very term."""
    return kind(**{one.name: getattr(term, one.name) for one in fields(kind)})


def _require(problems: Iterator[Problem] | Sequence[Problem]) -> None:
    found = list(problems)
    if found:
        raise InvalidError.of(found)


def _wrong_name(name: str | None, key: str) -> Iterator[Problem]:
    if not name:
        yield _violation("name", "must not be blank")
    elif len(name) > MAX_NAME:
        yield _violation("name", f"size must be between 1 and {MAX_NAME}")
    elif not key:
        yield _violation("name", "must have a letter of ASCII or a digit, to make a key of")
    elif len(key) > MAX_TERM_LENGTH:
        yield _violation("name", f"makes a key of {len(key)} characters; at most {MAX_TERM_LENGTH}")


def _wrong_attribute(new: NewManagedAttribute) -> Iterator[Problem]:
    if new.vocabulary_element_type is None:
        yield _violation("vocabularyElementType", "must not be null")
    accepted = new.accepted_values or ()
    if len(accepted) > MAX_ACCEPTED_VALUES:
        yield _violation("acceptedValues", f"takes at most {MAX_ACCEPTED_VALUES} values")
    if any(len(value) > MAX_ACCEPTED_VALUE for value in accepted):
        yield _violation("acceptedValues", f"takes values of at most {MAX_ACCEPTED_VALUE} letters")
    yield from _wrong_descriptions(new.multilingual_description)


def _wrong_descriptions(descriptions: Sequence[Description]) -> Iterator[Problem]:
    name = "multilingualDescription"
    if not descriptions:
        yield _violation(name, "must not be empty")
    if len(descriptions) > MAX_DESCRIPTIONS:
        yield _violation(name, f"takes at most {MAX_DESCRIPTIONS} descriptions")
    if not all(LANGUAGE.fullmatch(one.lang) for one in descriptions):
        yield _violation(name, "takes languages of two or three letters")
    sizes = [len(one.desc) for one in descriptions]
    if not all(MIN_DESCRIPTION <= size <= MAX_DESCRIPTION for size in sizes):
        yield _violation(
            name, f"takes descriptions of {MIN_DESCRIPTION} to {MAX_DESCRIPTION} characters"
        )
    elif sum(sizes) > MAX_DESCRIPTIONS_IN_ALL:
        yield _violation(name, f"takes at most {MAX_DESCRIPTIONS_IN_ALL} characters in all")


def _wrong_subtype(new: NewObjectSubtype) -> Iterator[Problem]:
    if new.dc_type is None:
        yield _violation("dcType", "must not be null")
    if not new.ac_subtype:
        yield _violation("acSubtype", "must not be blank")
    elif len(new.ac_subtype.upper()) > MAX_TERM_LENGTH:
        yield _violation("acSubtype", f"size must be between 1 and {MAX_TERM_LENGTH}")


def _violation(name: str, rule: str) -> Problem:
    return Problem("constraint_violation", f"{name} {rule}", pointer=f"/data/attributes/{name}")


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

"""Rules for editing vocabulary terms.

The rules and their messages are the reference's (object-store-api 1.31).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from unicodedata import category

from coffer.domain.errors import InvalidError, Problem
from coffer.domain.fields import limit_problems, missing_problems, size_problems, violation
from coffer.domain.transactions.commit import ValidationErrors
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, TERM_FIELDS
from coffer.domain.vocabulary.terms import (
    MAX_TERM_LENGTH,
    Description,
    ManagedAttribute,
    ObjectSubtype,
    Term,
)

LANGUAGE = re.compile("[A-Za-z]{2,3}")
_NOT_IN_KEYS = re.compile("[^a-z0-9]")
MAX_CHARACTERS_OF_DESCRIPTIONS = 40_000
"""The reference has no such limit, but a DynamoDB item has at most 400 KB."""


def must_be_unused(before: Term, after: Term) -> bool:
    """Return True if the change is only possible while no record uses the term."""
    return after.deleted_on is not None or before.meaning != after.meaning


def new_values(kind: type[Term], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a new term; raise a RequestError with all problems."""
    values = _values(kind, given)
    problems: list[Problem] = []
    if kind is ManagedAttribute:
        values["key"] = derive_key(values["name"] or "")
        problems += _key_problems(values["name"], values["key"])
    errors = ValidationErrors(given)
    errors.add([*problems, *_value_problems(kind, values)])
    errors.raise_if_any()
    return values


def changed_values(before: Term, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a changed term; raise a RequestError with all problems.

    Changes of values that only a new term can get are ignored.
    """
    kind = type(before)
    ignored = {field.attribute for field in TERM_FIELDS[kind].writable if field.create_only}
    allowed = {name: value for name, value in changes.items() if name not in ignored}
    values = _values(kind, vars(before) | allowed)
    errors = ValidationErrors(changes)
    errors.add([*_value_problems(kind, values)])
    errors.raise_if_any()
    return values


def derive_key(name: str) -> str:
    """Return the key for a name; empty if the name has no ASCII letter or digit.

    It is derived as the reference does: Apache Commons' `splitByCharacterTypeCamelCase` splits the
    name, the words are changed to lower case, characters other than ASCII letters and digits are
    removed, and underscores join the words. The key of `Object Store Attribute 1` is
    `object_store_attribute_1`, and that of `dateTime` is `date_time`.
    """
    words = (_NOT_IN_KEYS.sub("", word.lower()) for word in _words(" ".join(name.split())))
    return "_".join(word for word in words if word)


def check_size(term: Term) -> None:
    """Raise InvalidError if the term is too large to be stored."""
    problems = [*size_problems(TERM_FIELDS[type(term)].present(term))]
    if problems:
        raise InvalidError.of(problems)


def _values(kind: type[Term], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all writable attributes; empty ones for those that are not given."""
    writable = TERM_FIELDS[kind].writable
    values = {field.attribute: given.get(field.attribute) for field in writable}
    for field in writable:
        if values[field.attribute] is None:
            values[field.attribute] = field.empty_value
    if kind is ObjectSubtype:
        values["ac_subtype"] = (values["ac_subtype"] or "").upper()
    return values


def _value_problems(kind: type[Term], values: Mapping[str, Any]) -> Iterator[Problem]:
    writable = TERM_FIELDS[kind].writable
    yield from missing_problems(writable, values)
    yield from limit_problems(writable, values)
    if kind is ManagedAttribute:
        yield from _description_problems(values["multilingual_description"])


def _key_problems(name: str | None, key: str) -> Iterator[Problem]:
    if not name or len(name) > (MANAGED_ATTRIBUTE_FIELDS.by_name["name"].max_length or 0):
        return  # the limits of the name report it
    if not key:
        yield violation("name", "must have a letter of ASCII or a digit, to make a key of")
    elif len(key) > MAX_TERM_LENGTH:
        yield violation("name", f"makes a key of {len(key)} characters; at most {MAX_TERM_LENGTH}")


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
    elif sum(sizes) > MAX_CHARACTERS_OF_DESCRIPTIONS:
        yield violation(
            field.name, f"takes at most {MAX_CHARACTERS_OF_DESCRIPTIONS} characters in all"
        )


def _words(text: str) -> list[str]:
    """Return the runs of characters of the same Unicode category.

    The last of several capitals belongs to the small letters after it.
    """
    words: list[tuple[str, str]] = []
    for character_type, group in groupby(text, key=category):
        run = "".join(group)
        if character_type == "Ll" and words and words[-1][0] == "Lu":
            capitals = words.pop()[1]
            if capitals[:-1]:
                words.append(("Lu", capitals[:-1]))
            run = capitals[-1] + run
        words.append((character_type, run))
    return [run for _, run in words]

"""Filters of lists, and the check whether a record meets them.

A comparison with an attribute that has no value is false, also for NEQ, as in the reference's
database. A comparison with a list is true if it is true for one element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final


class Operator(StrEnum):
    """Comparison operators. IN is EQ for one of several values."""

    EQ = "EQ"
    NEQ = "NEQ"
    IN = "IN"
    LIKE = "LIKE"
    UNLIKE = "UNLIKE"
    ILIKE = "ILIKE"
    GT = "GT"
    GE = "GE"
    LT = "LT"
    LE = "LE"


OPERATORS = tuple(operator for operator in Operator if operator is not Operator.UNLIKE)
"""The operators of the `filter` parameter. UNLIKE is `!=` with a wildcard in FIQL."""
PATTERN_OPERATORS = (Operator.LIKE, Operator.ILIKE)


class Wildcard(StrEnum):
    """Wildcards of a pattern: any number of characters, or one character."""

    MANY = "%"
    ONE = "_"


Pattern = tuple[str | Wildcard, ...]
"""Single characters and wildcards."""


@dataclass(frozen=True)
class Comparison:
    """A comparison of one attribute with one value, which has the type that JSON gives it.

    If `ignores_case`, a pattern's characters are in lower case.
    """

    path: str
    operator: Operator
    value: str | int | bool | Pattern
    ignores_case: bool = False


@dataclass(frozen=True)
class AllOf:
    """A filter that is met if all its parts are met, or if it has no parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class AnyOf:
    """A filter that is met if one of its parts is met."""

    parts: tuple[Filter, ...]


Filter = Comparison | AllOf | AnyOf

EVERYTHING: Final = AllOf(())
"""The filter that every record meets."""


def matches(condition: Filter, attributes: Mapping[str, Any]) -> bool:
    """Return True if a record with these attributes meets the filter."""
    match condition:
        case Comparison():
            return _is_met(condition, _value_at(attributes, condition.path))
        case AllOf(parts):
            return all(matches(part, attributes) for part in parts)
        case AnyOf(parts):
            return any(matches(part, attributes) for part in parts)


def conjuncts(condition: Filter) -> tuple[Filter, ...]:
    """Return filters that are all met exactly if this filter is met."""
    if isinstance(condition, AllOf):
        return tuple(inner for part in condition.parts for inner in conjuncts(part))
    return (condition,)


def allowed_values(condition: Filter, paths: Sequence[str]) -> frozenset[Any] | None:
    """Return the values that the filter allows one attribute, whose names are `paths`.

    Returns None if the filter is about anything else, or is more than a list of values.
    """
    match condition:
        case Comparison(path=path, operator=Operator.EQ | Operator.IN, value=value):
            return frozenset({value}) if path in paths else None
        case AnyOf(parts):
            choices = [allowed_values(part, paths) for part in parts]
            known = [choice for choice in choices if choice is not None]
            return frozenset().union(*known) if len(known) == len(choices) else None
    return None


def like_pattern(text: str) -> Pattern:
    """Return the pattern of LIKE and ILIKE: `%` is any number of characters, `_` is one."""
    return tuple(Wildcard(char) if char in ("%", "_") else char for char in text)


def is_like(text: str, pattern: Pattern) -> bool:
    """Return True if the whole text matches the pattern.

    Goes back to the last `%` only, so that the time is at most the product of both lengths.
    """
    at, wanted = 0, 0
    retry_at, retry_wanted = 0, -1
    while at < len(text):
        piece = pattern[wanted] if wanted < len(pattern) else None
        if piece is Wildcard.MANY:
            retry_at, retry_wanted = at, wanted
            wanted += 1
        elif piece is Wildcard.ONE or (piece == text[at] and not isinstance(piece, Wildcard)):
            at, wanted = at + 1, wanted + 1
        elif retry_wanted >= 0:
            retry_at += 1
            at, wanted = retry_at, retry_wanted + 1
        else:
            return False
    return all(piece is Wildcard.MANY for piece in pattern[wanted:])


def _value_at(attributes: Mapping[str, Any], path: str) -> Any:
    value: Any = attributes
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_met(comparison: Comparison, actual: Any) -> bool:
    if actual is None:
        return False
    if isinstance(actual, list):
        return any(_is_met(comparison, element) for element in actual)
    if comparison.ignores_case and isinstance(actual, str):
        actual = actual.lower()
    return bool(_COMPARE[comparison.operator](actual, comparison.value))


_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: eq,
    Operator.NEQ: ne,
    Operator.IN: eq,
    Operator.LIKE: is_like,
    Operator.UNLIKE: lambda text, pattern: not is_like(text, pattern),
    Operator.ILIKE: is_like,
    Operator.GT: gt,
    Operator.GE: ge,
    Operator.LT: lt,
    Operator.LE: le,
}

"""Filters: what a record must be like to be shown, as an expression over its attributes.

An attribute without a value fulfils no comparison, not even NEQ: so does NULL in the database of
the reference. Of a list, one element has to fulfil it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final


class Operator(StrEnum):
    """How an attribute is compared. IN is EQ with several values."""

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


class Wildcard(StrEnum):
    """What stands for other characters in a pattern."""

    MANY = "%"
    ONE = "_"


Pattern = tuple[str | Wildcard, ...]
"""Single characters and wildcards."""


@dataclass(frozen=True)
class Comparison:
    """One attribute against one value, which has the form that the attribute has in JSON.

    `folds` says that case does not count; a pattern's text is in lower case then.
    """

    path: str
    operator: Operator
    value: str | int | bool | Pattern
    folds: bool = False


@dataclass(frozen=True)
class AllOf:
    """Everything in it has to hold; of nothing, everything does."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class AnyOf:
    """One thing in it has to hold."""

    parts: tuple[Filter, ...]


Filter = Comparison | AllOf | AnyOf

EVERYTHING: Final = AllOf(())


def matches(wanted: Filter, facts: Mapping[str, Any]) -> bool:
    """Whether a record with these facts (`coffer.domain.listing.resources`) is one of those."""
    match wanted:
        case Comparison():
            return _holds(wanted, _value_at(facts, wanted.path))
        case AllOf(parts):
            return all(matches(part, facts) for part in parts)
        case AnyOf(parts):
            return any(matches(part, facts) for part in parts)


def conjuncts(wanted: Filter) -> tuple[Filter, ...]:
    """The filters that all have to hold for this one to hold."""
    if isinstance(wanted, AllOf):
        return tuple(inner for part in wanted.parts for inner in conjuncts(part))
    return (wanted,)


def chosen_values(wanted: Filter, paths: Sequence[str]) -> frozenset[Any] | None:
    """The values of which an attribute has to have one, if that is all that the filter says.

    `paths` are names of that one attribute. None: the filter says something else.
    """
    match wanted:
        case Comparison(path=path, operator=Operator.EQ | Operator.IN, value=value):
            return frozenset({value}) if path in paths else None
        case AnyOf(parts):
            choices = [chosen_values(part, paths) for part in parts]
            known = [choice for choice in choices if choice is not None]
            return frozenset().union(*known) if len(known) == len(choices) else None
    return None


def _value_at(facts: Mapping[str, Any], path: str) -> Any:
    value: Any = facts
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _holds(comparison: Comparison, actual: Any) -> bool:
    if actual is None:
        return False
    if isinstance(actual, list):
        return any(_holds(comparison, one) for one in actual)
    if comparison.folds and isinstance(actual, str):
        actual = actual.lower()
    return bool(_COMPARE[comparison.operator](actual, comparison.value))


def fits(text: str, pattern: Pattern) -> bool:
    """Whether the whole text is like the pattern; takes at most the product of their lengths."""
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


def _differs(text: str, pattern: Pattern) -> bool:
    return not fits(text, pattern)


_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: eq,
    Operator.NEQ: ne,
    Operator.IN: eq,
    Operator.LIKE: fits,
    Operator.UNLIKE: _differs,
    Operator.ILIKE: fits,
    Operator.GT: gt,
    Operator.GE: ge,
    Operator.LT: lt,
    Operator.LE: le,
}

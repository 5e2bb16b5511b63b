"""Filters of lists, and the check whether a record meets them.

A comparison with an attribute that has no value is false, also for NEQ, as in the reference's
database. A comparison with a list is true if it is true for one element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from coffer.domain.clock import Clock
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.patterns import Pattern


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

MAX_COMPARISONS, MAX_PATTERNS = 200, 20
"""Comparisons of one query, and those among them that have a pattern."""
MAX_WORK = 200_000_000
"""Work of one page, which is less than 2 seconds of a processor.

It is the number of characters that are compared, and 50 for each comparison.
"""
_WORK_PER_COMPARISON = 50
_WORK_BETWEEN_CHECKS = 1_000_000


@dataclass(frozen=True)
class Comparison:
    """A comparison of one attribute with one value, which has the type that JSON gives it.

    If `ignores_case`, the value is in lower case.
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


class OutOfWorkError(Exception):
    """A page has no work or no time left."""


class WorkLimit:
    """Counts the work of comparisons, and raises OutOfWorkError at `MAX_WORK` or the deadline."""

    def __init__(self, clock: Clock, deadline: datetime) -> None:
        self._clock, self._deadline = clock, deadline
        self._done, self._next_check = 0, _WORK_BETWEEN_CHECKS

    def add(self, work: int) -> None:
        """Count the work before it is done; raise OutOfWorkError instead if there is none left."""
        self._done += work
        if self._done < self._next_check:
            return
        self._next_check = self._done + _WORK_BETWEEN_CHECKS
        if self._done > MAX_WORK or self._clock.now() >= self._deadline:
            raise OutOfWorkError


def matches(
    condition: Filter, attributes: Mapping[str, Any], limit: WorkLimit | None = None
) -> bool:
    """Return True if a record with these attributes meets the filter.

    Raises OutOfWorkError at the limit.
    """
    return _meets(condition, _Values(attributes), limit)


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


def comparisons(condition: Filter) -> Iterator[Comparison]:
    """Yield the comparisons of a filter."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from comparisons(part)


def require_few_comparisons(condition: Filter, *, parameter: str) -> None:
    """Raise MalformedRequestError if the filter has too many comparisons, or too many patterns."""
    every = list(comparisons(condition))
    patterns = sum(isinstance(one.value, Pattern) for one in every)
    for what, number, maximum in (
        ("patterns (LIKE, ILIKE, or * in fiql)", patterns, MAX_PATTERNS),
        ("comparisons", len(every), MAX_COMPARISONS),
    ):
        if number > maximum:
            raise MalformedRequestError(
                "too_many_comparisons",
                f"The query has {number} {what}; at most {maximum} are allowed. Each alternative "
                "counts: send several requests with fewer alternatives.",
                parameter=parameter,
            )


class _Values:
    """The values of one record. Each is looked up, and folded to lower case, only once."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes
        self._found: dict[tuple[str, bool], list[Any]] = {}

    def of(self, comparison: Comparison) -> list[Any]:
        """Return the values of the comparison's attribute: none, one, or those of a list."""
        key = comparison.path, comparison.ignores_case
        if key not in self._found:
            self._found[key] = self._look_up(*key)
        return self._found[key]

    def _look_up(self, path: str, ignores_case: bool) -> list[Any]:
        value: Any = self._attributes
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        values = value if isinstance(value, list) else [value]
        return [
            one.lower() if ignores_case and isinstance(one, str) else one
            for one in values
            if one is not None
        ]


def _meets(condition: Filter, values: _Values, limit: WorkLimit | None) -> bool:
    match condition:
        case Comparison():
            return any(_is_met(condition, actual, limit) for actual in values.of(condition))
        case AllOf(parts):
            return all(_meets(part, values, limit) for part in parts)
        case AnyOf(parts):
            return any(_meets(part, values, limit) for part in parts)


def _is_met(comparison: Comparison, actual: Any, limit: WorkLimit | None) -> bool:
    value = comparison.value
    if limit is not None:
        limit.add(
            _WORK_PER_COMPARISON + len(actual) * value.work_per_character
            if isinstance(value, Pattern)
            else _WORK_PER_COMPARISON
        )
    return bool(_COMPARE[comparison.operator](actual, value))


def _is_like(actual: str, pattern: Pattern) -> bool:
    return pattern.matches(actual)


_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: eq,
    Operator.NEQ: ne,
    Operator.IN: eq,
    Operator.LIKE: _is_like,
    Operator.UNLIKE: lambda text, pattern: not _is_like(text, pattern),
    Operator.ILIKE: _is_like,
    Operator.GT: gt,
    Operator.GE: ge,
    Operator.LT: lt,
    Operator.LE: le,
}

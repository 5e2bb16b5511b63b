"""Lists that are short and always the same: filtered, sorted and cut in memory.

The grammar's meaning is the reference's (object-store-api 1.31) for its read-only lists: several
values of one filter are alternatives, several filters must all hold, and there is no page unless
one is asked for. Of the reference's operators GT and LT match nothing there; here they compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Attributes = Mapping[str, str]
"""One entry of a list: its attributes, which are all texts."""


class Operator(StrEnum):
    """How a filter compares an attribute with its value."""

    EQ = "EQ"
    NEQ = "NEQ"
    IN = "IN"
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    GT = "GT"
    GE = "GE"
    LT = "LT"
    LE = "LE"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A condition on one attribute: the comparison holds with any of `values`."""

    attribute: str
    operator: Operator
    values: tuple[str, ...]

    def admits(self, entry: Attributes) -> bool:
        """Whether an entry passes; it must have the attribute."""
        compare = _COMPARISONS[self.operator]
        return any(compare(entry[self.attribute], value) for value in self.values)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One attribute to sort by, without regard to case."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What of a list is wanted: all of it in its own order, unless something else is said."""

    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    offset: int = 0
    limit: int | None = None

    def of(self, entries: Iterable[Attributes]) -> list[Attributes]:
        """The entries that are wanted."""
        chosen = [
            entry for entry in entries if all(condition.admits(entry) for condition in self.filters)
        ]
        for order in reversed(self.order):
            chosen.sort(key=_by(order.attribute), reverse=order.descending)
        end = None if self.limit is None else self.offset + self.limit
        return chosen[self.offset : end]


def like(text: str, pattern: str) -> bool:
    """Whether `text` is of the form `pattern`: `%` any characters or none, `_` any one.

    Steps back to the last `%` only, so the work is bounded by the product of the lengths.
    """
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "%":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("_", text[at]):
            place, at = place + 1, at + 1
        elif star >= 0:
            resume += 1
            place, at = star + 1, resume
        else:
            return False
    return not pattern[place:].strip("%")


def _by(attribute: str) -> Callable[[Attributes], str]:
    return lambda entry: entry[attribute].casefold()


_COMPARISONS: dict[Operator, Callable[[str, str], bool]] = {
    Operator.EQ: lambda text, value: text == value,
    Operator.NEQ: lambda text, value: text != value,
    # Quotes are a part of the value for every operator but this one, as in the reference.
    Operator.IN: lambda text, value: text == value.strip('"'),
    Operator.LIKE: like,
    Operator.ILIKE: lambda text, value: like(text.lower(), value.lower()),
    Operator.GT: lambda text, value: text > value,
    Operator.GE: lambda text, value: text >= value,
    Operator.LT: lambda text, value: text < value,
    Operator.LE: lambda text, value: text <= value,
}

"""FIQL: filters as one expression (draft-nottingham-atompub-fiql-00), as the reference takes them.

    (fileExtension==.jpg,fileExtension==.jpeg);bucket==cnc;createdOn=ge=2026-01-01

`;` binds closer than `,`. A `*` in a value of `==` or `!=` stands for any text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from coffer.domain.errors import Problem
from coffer.domain.listing.filters import AllOf, AnyOf, Filter, Operator, Wildcard
from coffer.domain.listing.index_keys import Kind
from coffer.http.listing.comparisons import QueryError, parse_comparison, parse_pattern_comparison

_OPERATORS = {
    "==": Operator.EQ,
    "!=": Operator.NEQ,
    "=lt=": Operator.LT,
    "=le=": Operator.LE,
    "=gt=": Operator.GT,
    "=ge=": Operator.GE,
}
_CONSTRAINT = re.compile(
    r"(?P<path>[\w.]+)(?P<operator>==|!=|=(?:lt|le|gt|ge)=)"
    r'(?:"(?P<quoted>[^"]*)"|(?P<plain>[^;,()"]*))'
)
_DEEPEST = 20


def parse_fiql(kind: Kind, text: str) -> Filter:
    """The filter that the expression is; QueryError where it is none."""
    reader = _Reader(kind, text)
    found = reader.any_of(depth=0)
    if reader.rest:
        raise _error(reader, "'(', ')', ',' and ';' join comparisons such as bucket==aafc")
    return found


class _Reader:
    """A text as it is being read, from left to right."""

    def __init__(self, kind: Kind, text: str) -> None:
        self.rest = text
        self._kind, self._length = kind, len(text)

    @property
    def at(self) -> int:
        """The place in the text, counted from 1."""
        return self._length - len(self.rest) + 1

    def any_of(self, depth: int) -> Filter:
        return self._joined(",", lambda: self._all_of(depth), AnyOf)

    def _all_of(self, depth: int) -> Filter:
        return self._joined(";", lambda: self._term(depth), AllOf)

    def _joined(
        self, sign: str, read: Callable[[], Filter], join: Callable[[tuple[Filter, ...]], Filter]
    ) -> Filter:
        parts = [read()]
        while self._took(sign):
            parts.append(read())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _term(self, depth: int) -> Filter:
        if self._took("("):
            if depth == _DEEPEST:
                raise _error(self, f"parentheses go {_DEEPEST} deep at most")
            inner = self.any_of(depth + 1)
            if not self._took(")"):
                raise _error(self, "a parenthesis is not closed")
            return inner
        matched = _CONSTRAINT.match(self.rest)
        if matched is None:
            raise _error(self, "a comparison such as bucket==aafc is needed")
        self.rest = self.rest[matched.end() :]
        operator = _OPERATORS[matched["operator"]]
        plain = matched["plain"]
        if plain is None:
            return parse_comparison(self._kind, matched["path"], operator, matched["quoted"])
        return self._comparison(matched["path"], operator, plain)

    def _comparison(self, path: str, operator: Operator, text: str) -> Filter:
        if "*" not in text or operator not in (Operator.EQ, Operator.NEQ):
            return parse_comparison(self._kind, path, operator, unquote(text))
        pattern = tuple(_pattern(text))
        return parse_pattern_comparison(self._kind, path, pattern, differs=operator is Operator.NEQ)

    def _took(self, sign: str) -> bool:
        taken = self.rest.startswith(sign)
        self.rest = self.rest[len(sign) :] if taken else self.rest
        return taken


def _pattern(text: str) -> Iterator[Wildcard | str]:
    first, *others = map(unquote, text.split("*"))
    yield from first
    for piece in others:
        yield Wildcard.MANY
        yield from piece


def _error(reader: _Reader, what: str) -> QueryError:
    return QueryError(Problem("malformed_parameter", f"fiql, character {reader.at}: {what}."))

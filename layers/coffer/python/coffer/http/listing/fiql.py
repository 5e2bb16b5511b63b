"""Parse FIQL expressions (draft-nottingham-atompub-fiql-00), as the reference accepts them.

    (fileExtension==.jpg,fileExtension==.jpeg);bucket==cnc;createdOn=ge=2026-01-01

`;` binds more tightly than `,`. A `*` in a value of `==` or `!=` stands for any characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from coffer.domain.errors import Problem
from coffer.domain.listing.filters import AllOf, AnyOf, Filter, Operator
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.patterns import Pattern, literal_parts
from coffer.http.listing.comparisons import QueryError, parse_comparison, parse_pattern_comparison

_OPERATORS = {
    "==": Operator.EQ,
    "!=": Operator.NEQ,
    "=lt=": Operator.LT,
    "=le=": Operator.LE,
    "=gt=": Operator.GT,
    "=ge=": Operator.GE,
}
_COMPARISON = re.compile(
    r"(?P<path>[\w.]+)(?P<operator>==|!=|=(?:lt|le|gt|ge)=)"
    r'(?:"(?P<quoted>[^"]*)"|(?P<plain>[^;,()"]*))'
)
_MAX_DEPTH = 20


Compare = Callable[[str, Operator, str], Filter]
"""Returns the comparison of the attribute at a path with a value."""
Match = Callable[[str, Pattern, bool], Filter]
"""Returns the comparison of an attribute with a pattern. True: it must not match."""


def parse_fiql(kind: Kind, text: str) -> Filter:
    """Return the filter of an expression; raise QueryError if it is not FIQL."""
    return parse_expression(
        text,
        lambda path, operator, value: parse_comparison(kind, path, operator, value),
        lambda path, pattern, differs: parse_pattern_comparison(
            kind, path, pattern, differs=differs
        ),
    )


def parse_expression(text: str, compare: Compare, match: Match) -> Filter:
    """Return the filter of an expression, whose comparisons the two functions make."""
    parser = _Parser(text, compare, match)
    condition = parser.any_of(depth=0)
    if parser.rest:
        raise parser.error("'(', ')', ',' and ';' join comparisons such as bucket==aafc")
    return condition


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, text: str, compare: Compare, match: Match) -> None:
        self.rest = text
        self._compare, self._match, self._length = compare, match, len(text)

    def any_of(self, depth: int) -> Filter:
        return self._joined(",", lambda: self._all_of(depth), AnyOf)

    def error(self, detail: str) -> QueryError:
        """Return an error at the current position."""
        position = self._length - len(self.rest) + 1
        return QueryError(Problem("malformed_parameter", f"fiql, character {position}: {detail}."))

    def _all_of(self, depth: int) -> Filter:
        return self._joined(";", lambda: self._term(depth), AllOf)

    def _joined(
        self, sign: str, parse: Callable[[], Filter], join: Callable[[tuple[Filter, ...]], Filter]
    ) -> Filter:
        parts = [parse()]
        while self._skip(sign):
            parts.append(parse())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _term(self, depth: int) -> Filter:
        if self._skip("("):
            if depth == _MAX_DEPTH:
                raise self.error(f"parentheses can be nested at most {_MAX_DEPTH} deep")
            inner = self.any_of(depth + 1)
            if not self._skip(")"):
                raise self.error("a parenthesis is not closed")
            return inner
        matched = _COMPARISON.match(self.rest)
        if matched is None:
            raise self.error("a comparison such as bucket==aafc is missing")
        self.rest = self.rest[matched.end() :]
        path, operator = matched["path"], _OPERATORS[matched["operator"]]
        text = matched["plain"]
        if text is None:
            return self._compare(path, operator, matched["quoted"])
        if "*" in text and operator in (Operator.EQ, Operator.NEQ):
            pattern = literal_parts([unquote(part) for part in text.split("*")])
            return self._match(path, pattern, operator is Operator.NEQ)
        return self._compare(path, operator, unquote(text))

    def _skip(self, sign: str) -> bool:
        """Go past the sign if it comes next; return True if it did."""
        is_next = self.rest.startswith(sign)
        self.rest = self.rest[len(sign) :] if is_next else self.rest
        return is_next

"""Parse one comparison of a list's filter: an attribute, an operator and a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from coffer.domain.buckets import is_bucket
from coffer.domain.clock import from_text, to_text
from coffer.domain.errors import Problem
from coffer.domain.fields import Field, FieldType
from coffer.domain.identifiers import is_identifier
from coffer.domain.listing.fields import FIELDS
from coffer.domain.listing.filters import (
    OPERATORS,
    PATTERN_OPERATORS,
    AnyOf,
    Comparison,
    Filter,
    Operator,
)
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.patterns import Pattern, like_pattern
from coffer.domain.media_types import DcType

SYNONYMS = {"uuid": "id", "acSubtype.acSubtype": "acSubtype"}
"""Paths that dina-ui and the reference use, and the names of their attributes here."""
_ORDER_OPERATORS = (Operator.GT, Operator.GE, Operator.LT, Operator.LE)
_TEXT_TYPES = (
    FieldType.TEXT,
    FieldType.URL,
    FieldType.CHOICE,
    FieldType.BUCKET,
    FieldType.IDENTIFIER,
    FieldType.TEXTS,
)
_CASELESS_TYPES = (FieldType.BUCKET, FieldType.IDENTIFIER)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}(\.0+)?")
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


class QueryError(Exception):
    """A part of a query is malformed. The problem has no parameter yet."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def parse_filter(kind: Kind, path: str, operator: str, text: str) -> Filter:
    """Return the filter of `filter[path][operator]=text`. Commas in the text separate alternatives.

    Raises QueryError as `parse_comparison` does.
    """
    values = _alternatives(text)
    return AnyOf(tuple(parse_comparison(kind, path, operator, value) for value in values))


def parse_comparison(kind: Kind, path: str, operator: str, text: str) -> Comparison:
    """Return the comparison of an attribute with a value.

    Raises QueryError if there is no such attribute or operator, or if the attribute cannot have
    the value.
    """
    path = SYNONYMS.get(path, path)
    attribute, known = _attribute(kind, path), _operator(operator)
    _check_operator(path, attribute, known)
    if known in PATTERN_OPERATORS:
        ignores_case = known is Operator.ILIKE or attribute.type in _CASELESS_TYPES
        pattern = like_pattern(text.lower() if ignores_case else text)
        return Comparison(path, known, pattern, ignores_case)
    return Comparison(
        path, known, _value(path, attribute, text), attribute.type is FieldType.BUCKET
    )


def parse_pattern_comparison(
    kind: Kind, path: str, pattern: Pattern, *, differs: bool
) -> Comparison:
    """Return the comparison of an attribute with a pattern, true if it matches, or if it differs.

    Raises QueryError as `parse_comparison` does.
    """
    path = SYNONYMS.get(path, path)
    attribute = _attribute(kind, path)
    _check_operator(path, attribute, Operator.LIKE)
    ignores_case = attribute.type in _CASELESS_TYPES
    operator = Operator.UNLIKE if differs else Operator.LIKE
    return Comparison(path, operator, pattern.lower() if ignores_case else pattern, ignores_case)


def _attribute(kind: Kind, path: str) -> Field:
    attribute = FIELDS[kind].find(path)
    if attribute is not None:
        return attribute
    detail = f"{kind} has no attribute {path[:60]!r}."
    if path in FIELDS[kind].by_name:
        detail = f"{path} is an object: name one of its members, {path}.<name>."
    raise QueryError(Problem("unknown_attribute", detail))


def _operator(text: str) -> Operator:
    if text in OPERATORS:
        return Operator(text)
    known = ", ".join(OPERATORS)
    detail = f"There is no operator {text[:20]!r}; there are {known}."
    raise QueryError(Problem("malformed_parameter", detail))


def _check_operator(path: str, attribute: Field, operator: Operator) -> None:
    unordered = attribute.type is FieldType.BOOLEAN and operator in _ORDER_OPERATORS
    if unordered or (operator in PATTERN_OPERATORS and attribute.type not in _TEXT_TYPES):
        detail = f"{path} cannot be compared with {operator}: {_description(attribute)}."
        raise QueryError(Problem("malformed_parameter", detail))


def _alternatives(text: str) -> Iterator[str]:
    """Return the values between commas. A value in double quotes can contain commas."""
    for match in re.finditer(r'(?:^|,)(?:"(?P<quoted>[^"]*)"(?=,|$)|(?P<plain>[^,]*))', text):
        quoted = match["quoted"]
        yield match["plain"] if quoted is None else quoted


def _value(path: str, attribute: Field, text: str) -> str | int | bool:
    match attribute.type:
        case FieldType.INTEGER if _WHOLE_NUMBER.fullmatch(text):
            return int(text.partition(".")[0])
        case FieldType.BOOLEAN if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case FieldType.IDENTIFIER if is_identifier(text):
            return text.lower()
        case FieldType.TIME if (moment := _parse_moment(text)) is not None:
            return to_text(moment)
        case FieldType.BUCKET if is_bucket(text):
            return text.lower()
        case FieldType.CHOICE if (word := _parse_word(attribute, text)) is not None:
            return word
        case FieldType.TEXT | FieldType.URL | FieldType.TEXTS:
            return text
    detail = f"{path} cannot be {text[:60]!r}: {_description(attribute)}."
    raise QueryError(Problem("malformed_parameter", detail))


def _parse_moment(text: str) -> datetime | None:
    """Return a date and time with its offset; for a date, its first moment in UTC.

    A plus sign that was not encoded in the URL arrives as a space.
    """
    try:
        if len(text) == 10:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        return from_text(_LOST_PLUS.sub("+", text))
    except (ValueError, OverflowError):
        return None


def _parse_word(attribute: Field, text: str) -> str | None:
    if text in attribute.words:
        return text
    dc_type = DcType.parse(text)
    return dc_type.value if dc_type is not None and dc_type.value in attribute.words else None


def _description(attribute: Field) -> str:
    match attribute.type:
        case FieldType.INTEGER:
            return "it is a whole number"
        case FieldType.BOOLEAN:
            return "it is true or false"
        case FieldType.IDENTIFIER:
            return "it is a UUID"
        case FieldType.TIME:
            return "it is a date, or a date and time with its offset (ISO 8601)"
        case FieldType.CHOICE:
            return f"it is one of {', '.join(attribute.words)}"
    return "it is a bucket"

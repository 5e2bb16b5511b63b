"""Parse the parameters of lists that are held in memory: `filter` or `fiql`, `sort` and `page`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coffer.domain.errors import MalformedRequestError, Problem
from coffer.domain.listing.filters import (
    OPERATORS,
    AllOf,
    AnyOf,
    Comparison,
    Filter,
    Operator,
    allowed_values,
    conjuncts,
    require_few_comparisons,
)
from coffer.domain.listing.in_memory_query import InMemoryQuery, SortField
from coffer.domain.listing.patterns import like_pattern
from coffer.http.listing.comparisons import SYNONYMS, QueryError
from coffer.http.listing.fiql import parse_expression
from coffer.http.requests import QueryProblems, Request, parse_whole_number

MAX_LIMIT = 1000
MAX_OFFSET = 10_000


def parse_in_memory_query(request: Request, attributes: Collection[str]) -> InMemoryQuery:
    """Return the query of a list whose entries have these attributes.

    Raises MalformedRequestError with a problem for each parameter that has an unknown attribute or
    operator, a filter without a value, too many values, or a page out of range.
    """
    problems = QueryProblems()
    condition = parse_condition(request, attributes, problems)
    sort: tuple[SortField, ...] = ()
    with problems.collect():
        sort = _parse_sort(request.parameter("sort"), attributes)
    numbers: dict[str, int] = {}
    for name, minimum, maximum in (("page[limit]", 1, MAX_LIMIT), ("page[offset]", 0, MAX_OFFSET)):
        text = request.parameter(name)
        with problems.collect():
            if text is not None:
                numbers[name] = parse_whole_number(name, text, minimum, maximum)
    problems.raise_if_any()
    return InMemoryQuery(
        condition=condition,
        sort=sort,
        offset=numbers.get("page[offset]", 0),
        limit=numbers.get("page[limit]"),
    )


def parse_allowed_values(
    request: Request,
    attributes: Collection[str],
    problems: QueryProblems,
    *,
    has_alternatives: bool = True,
) -> dict[str, frozenset[str]]:
    """Return the values that `filter` or `fiql` allows each attribute; add to `problems`.

    All filters must be met, and they compare with EQ or IN only. Without `has_alternatives`, a
    comma is part of the value of a filter.
    """
    condition = parse_condition(
        request, attributes, problems, (Operator.EQ, Operator.IN), has_alternatives=has_alternatives
    )
    allowed: dict[str, frozenset[str]] = {}
    for part in conjuncts(condition):
        name, values = next(
            ((one, found) for one in attributes if (found := allowed_values(part, (one,)))),
            ("", frozenset[str]()),
        )
        if name:
            allowed[name] = allowed.get(name, values) & values
        else:
            detail = "Here, == compares attributes, without *, and ; joins the comparisons."
            problems.append(Problem("malformed_parameter", detail, parameter="fiql"))
    return allowed


def parse_condition(
    request: Request,
    attributes: Collection[str],
    problems: QueryProblems,
    operators: Collection[Operator] = OPERATORS,
    *,
    has_alternatives: bool = True,
) -> Filter:
    """Return the filter of `filter` or `fiql`; add to `problems`."""
    filters: list[Filter] = []
    is_filtered = False
    for name, value in request.query:
        if name == "filter" or name.startswith("filter["):
            is_filtered = True
            with problems.collect():
                values = value.split(",") if has_alternatives else [value]
                filters.append(AnyOf(_parse_filter(name, values, attributes, operators)))
    fiql = request.parameter("fiql")
    with problems.collect():
        if fiql is not None and is_filtered:
            raise _malformed("fiql", "A list is filtered by fiql or by filter, not by both.")
        if fiql is not None:
            filters = [_parse_fiql(fiql, attributes)]
        require_few_comparisons(
            AllOf(tuple(filters)), parameter="filter" if fiql is None else "fiql"
        )
    return AllOf(tuple(filters))


def _parse_filter(
    name: str, values: Sequence[str], attributes: Collection[str], operators: Collection[Operator]
) -> tuple[Comparison, ...]:
    """Return one comparison for each value of a filter; one of them has to be true."""
    inner = name.removeprefix("filter")
    attribute, between, operator = inner.removeprefix("[").removesuffix("]").partition("][")
    if not inner.endswith("]") or {"[", "]"} & {*attribute, *operator}:
        raise _malformed(
            name,
            "A filter is written filter[attribute]=value or filter[attribute][operator]=value.",
        )
    attribute = SYNONYMS.get(attribute, attribute)
    _require_known(attribute, attributes, parameter=name)
    if between and operator not in operators:
        raise _malformed(
            name, f"{operator[:20]!r} is no operator here; there are {', '.join(operators)}."
        )
    if not any(values):
        raise _malformed(name, "The filter has no value.")
    compare = Operator(operator or Operator.EQ)
    return tuple(_comparison(attribute, compare, one) for one in values)


def _parse_fiql(text: str, attributes: Collection[str]) -> Filter:
    def known(path: str) -> str:
        path = SYNONYMS.get(path, path)
        _require_known(path, attributes, parameter="fiql")
        return path

    try:
        return parse_expression(
            text,
            lambda path, operator, value: Comparison(known(path), operator, value),
            lambda path, pattern, differs: Comparison(
                known(path), Operator.UNLIKE if differs else Operator.LIKE, pattern
            ),
        )
    except QueryError as error:
        raise _malformed("fiql", error.problem.detail) from error


def _comparison(attribute: str, operator: Operator, value: str) -> Comparison:
    match operator:
        case Operator.LIKE:
            return Comparison(attribute, operator, like_pattern(value))
        case Operator.ILIKE:
            return Comparison(attribute, operator, like_pattern(value.lower()), ignores_case=True)
        case Operator.IN:
            # For the other operators, quotes are part of the value, as in the reference.
            return Comparison(attribute, operator, value.strip('"'))
    return Comparison(attribute, operator, value)


def _parse_sort(text: str | None, attributes: Collection[str]) -> tuple[SortField, ...]:
    if text is None:
        return ()
    fields: dict[str, SortField] = {}
    for name in text.split(","):
        attribute = name.removeprefix("-")
        _require_known(attribute, attributes, parameter="sort")
        # The first mention of an attribute counts, so that a very long list costs nothing.
        fields.setdefault(attribute, SortField(attribute=attribute, descending=name != attribute))
    return tuple(fields.values())


def _require_known(attribute: str, attributes: Collection[str], *, parameter: str) -> None:
    if attribute not in attributes:
        raise MalformedRequestError(
            "unknown_attribute",
            f"There is no attribute {attribute[:60]!r}; there are {', '.join(attributes)}.",
            parameter=parameter[:100],
        )


def _malformed(parameter: str, detail: str) -> MalformedRequestError:
    return MalformedRequestError("malformed_parameter", detail, parameter=parameter[:100])

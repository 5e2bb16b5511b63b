"""Queries of short lists: `filter[…]`, `sort`, `page[…]`, read into a selection.

Parameters of other names are passed over, as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection

from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.in_memory_query import Filter, Operator, Order, Selection
from coffer.http.requests import Request

MAX_LIMIT = 1000
MAX_OFFSET = 10_000
MAX_VALUES = 100
"""Values of all filters of one request together."""
MAX_PATTERNS = 10
"""Those among them that are patterns: each is tried at every place of every entry."""


def read_selection(request: Request, attributes: Collection[str]) -> Selection:
    """What the query asks for of a list whose entries have these attributes.

    Raises MalformedRequestError naming the parameter: an attribute or operator that is unknown,
    a filter without a value or with too many, a page out of range.
    """
    filters = tuple(
        _filter(name, value, attributes)
        for name, value in request.query
        if name == "filter" or name.startswith("filter[")
    )
    _require_bounded(filters)
    return Selection(
        filters=filters,
        order=_order(request.parameter("sort"), attributes),
        offset=_number(request, "page[offset]", 0, MAX_OFFSET) or 0,
        limit=_number(request, "page[limit]", 1, MAX_LIMIT),
    )


def _filter(name: str, value: str, attributes: Collection[str]) -> Filter:
    inner = name.removeprefix("filter")
    attribute, between, operator = inner.removeprefix("[").removesuffix("]").partition("][")
    if not inner.endswith("]") or {"[", "]"} & {*attribute, *operator}:
        raise MalformedRequestError(
            "malformed_parameter",
            "A filter is written filter[attribute]=value or filter[attribute][operator]=value.",
            parameter=name[:100],
        )
    _require_known(attribute, attributes, parameter=name)
    if between and operator not in Operator.__members__:
        raise MalformedRequestError(
            "malformed_parameter",
            f"{operator[:20]!r} is no operator; there are {', '.join(Operator)}.",
            parameter=name[:100],
        )
    if not value:
        raise MalformedRequestError(
            "malformed_parameter", "The filter has no value.", parameter=name[:100]
        )
    return Filter(
        attribute=attribute,
        operator=Operator(operator or Operator.EQ),
        values=tuple(value.split(",")),
    )


def _require_bounded(filters: tuple[Filter, ...]) -> None:
    patterned = (Operator.LIKE, Operator.ILIKE)
    for what, most, counted in (
        ("values", MAX_VALUES, filters),
        ("patterns", MAX_PATTERNS, [one for one in filters if one.operator in patterned]),
    ):
        if sum(len(condition.values) for condition in counted) > most:
            raise MalformedRequestError(
                "malformed_parameter",
                f"The filters have more than {most} {what} together.",
                parameter="filter",
            )


def _order(given: str | None, attributes: Collection[str]) -> tuple[Order, ...]:
    if given is None:
        return ()
    names = given.split(",")
    for name in names:
        _require_known(name.removeprefix("-"), attributes, parameter="sort")
    # Of a name that is repeated the first decides; so an endless list costs nothing.
    wanted = {name.removeprefix("-"): name.startswith("-") for name in reversed(names)}
    return tuple(
        Order(attribute=name, descending=wanted[name])
        for name in dict.fromkeys(name.removeprefix("-") for name in names)
    )


def _number(request: Request, name: str, least: int, most: int) -> int | None:
    given = request.parameter(name)
    if given is None:
        return None
    plain = given.isascii() and given.isdigit() and len(given) <= len(str(most))
    if not plain or not least <= int(given) <= most:
        raise MalformedRequestError(
            "malformed_parameter",
            f"{name} is a whole number from {least} to {most}.",
            parameter=name,
        )
    return int(given)


def _require_known(attribute: str, attributes: Collection[str], *, parameter: str) -> None:
    if attribute not in attributes:
        raise MalformedRequestError(
            "unknown_attribute",
            f"There is no attribute {attribute[:60]!r}; there are {', '.join(attributes)}.",
            parameter=parameter[:100],
        )

"""Parameters of in-memory lists: how they are parsed, and which are refused."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.filters import AllOf, AnyOf, Comparison, Operator
from coffer.domain.listing.in_memory_query import InMemoryQuery, SortField
from coffer.domain.listing.patterns import like_pattern
from coffer.http.listing.in_memory_query import parse_in_memory_query
from tests.unit.http.events import make_request


def read(*parameters: tuple[str, str]) -> InMemoryQuery:
    """Parse a query on entries with two attributes."""
    request = make_request(query=urlencode(parameters))
    return parse_in_memory_query(request, ("mediaType", "title"))


def test_an_empty_query_means_everything() -> None:
    assert read() == InMemoryQuery()
    assert read(("include", "x"), ("filtered", "y")) == InMemoryQuery()


def test_filters_are_read_in_either_form() -> None:
    query = read(("filter[title]", "a"), ("filter[mediaType][LIKE]", "%jpeg%,image/_ng"))
    assert query.condition == AllOf(
        (
            AnyOf((Comparison("title", Operator.EQ, "a"),)),
            AnyOf(
                (
                    Comparison("mediaType", Operator.LIKE, like_pattern("%jpeg%")),
                    Comparison("mediaType", Operator.LIKE, like_pattern("image/_ng")),
                )
            ),
        )
    )


def test_order_and_page_are_read() -> None:
    query = read(("sort", "-title,mediaType,title"), ("page[offset]", "40"), ("page[limit]", "20"))
    assert query.sort == (
        SortField(attribute="title", descending=True),
        SortField(attribute="mediaType"),
    )
    assert (query.offset, query.limit) == (40, 20)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("filter[colour]", "red", "unknown_attribute"),
        ("filter[colour][LIKE]", "red", "unknown_attribute"),
        ("filter[]", "red", "unknown_attribute"),
        ("filter[mediaType][LOOKS]", "red", "malformed_parameter"),
        ("filter[mediaType][like]", "red", "malformed_parameter"),
        ("filter[mediaType][]", "red", "malformed_parameter"),
        ("filter[mediaType]", "", "malformed_parameter"),
        ("filter[mediaType", "x", "malformed_parameter"),
        ("filter[mediaType][EQ][EQ]", "x", "malformed_parameter"),
        ("filter", "x", "malformed_parameter"),
        ("sort", "colour", "unknown_attribute"),
        ("sort", "", "unknown_attribute"),
        ("page[limit]", "0", "malformed_parameter"),
        ("page[limit]", "1001", "malformed_parameter"),
        ("page[limit]", "-1", "malformed_parameter"),
        ("page[limit]", "²", "malformed_parameter"),
        ("page[limit]", "", "malformed_parameter"),
        ("page[offset]", "10001", "malformed_parameter"),
        ("page[offset]", "9" * 5000, "malformed_parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_parameters_name(
    name: str, value: str, code: str
) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        read((name, value))
    [problem] = refused.value.problems
    assert (problem.code, problem.parameter) == (code, name)


def test_too_many_comparisons_are_refused() -> None:
    read(("filter[mediaType]", ",".join("x" * 200)))
    read(("filter[mediaType][LIKE]", ",".join("x" * 20)))
    for too_many in (
        [("filter[mediaType]", ",".join("x" * 200)), ("filter[title]", "y")],
        [("filter[mediaType][LIKE]", ",".join("x" * 20)), ("filter[title][ILIKE]", "a")],
    ):
        with pytest.raises(MalformedRequestError) as refused:
            read(*too_many)
        [problem] = refused.value.problems
        assert (problem.code, problem.parameter) == ("too_many_comparisons", "filter")

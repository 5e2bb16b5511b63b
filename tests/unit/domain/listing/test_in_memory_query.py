"""In-memory queries: filters, sort order and pages of short lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from coffer.domain.listing.in_memory_query import SortField
from coffer.http.listing.in_memory_query import parse_in_memory_query
from tests.unit.http.events import make_request

TYPES = ("image/png", "image/jpeg", "text/csv", "Video/MP4")
ENTRIES = [{"mediaType": name, "family": name.partition("/")[0]} for name in TYPES]


def chosen(*conditions: tuple[str, str], **more: Any) -> list[str]:
    """Return the types that meet filters given as operator and comma-separated values."""
    parameters = [(f"filter[mediaType][{operator}]", values) for operator, values in conditions]
    query = parse_in_memory_query(make_request(query=urlencode(parameters)), ("mediaType",))
    return [entry["mediaType"] for entry in replace(query, **more).run(ENTRIES)]


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("EQ", "image/png", ["image/png"]),
        ("EQ", "IMAGE/PNG", []),
        ("EQ", "text/csv,image/png", ["image/png", "text/csv"]),
        ("EQ", '"image/png"', []),
        ("NEQ", "image/png", ["image/jpeg", "text/csv", "Video/MP4"]),
        ("NEQ", "image/png,text/csv", list(TYPES)),
        ("IN", '"image/png",text/csv', ["image/png", "text/csv"]),
        ("LIKE", "%jpeg%", ["image/jpeg"]),
        ("LIKE", "image/%", ["image/png", "image/jpeg"]),
        ("LIKE", "video/%", []),
        ("ILIKE", "video/%", ["Video/MP4"]),
        ("ILIKE", "%PNG", ["image/png"]),
        ("GT", "image/png", ["text/csv"]),
        ("GE", "image/png", ["image/png", "text/csv"]),
        ("LT", "image/jpeg", ["Video/MP4"]),
        ("LE", "image/jpeg", ["image/jpeg", "Video/MP4"]),
    ],
)
def test_a_filter_admits_what_compares_with_any_of_its_values(
    operator: str, values: str, expected: list[str]
) -> None:
    assert chosen((operator, values)) == expected


def test_several_filters_must_all_hold() -> None:
    assert chosen(("LIKE", "image/%"), ("NEQ", "image/png")) == ["image/jpeg"]


def test_all_comes_in_its_own_order_unless_asked_otherwise() -> None:
    assert chosen() == list(TYPES)
    by_name = (SortField(attribute="mediaType"),)
    assert chosen(sort=by_name) == ["image/jpeg", "image/png", "text/csv", "Video/MP4"]


def test_the_first_attribute_of_an_order_decides_first() -> None:
    order = (
        SortField(attribute="family", descending=True),
        SortField(attribute="mediaType"),
    )
    assert chosen(sort=order) == ["Video/MP4", "text/csv", "image/jpeg", "image/png"]


def test_a_page_is_cut_from_what_passed() -> None:
    assert chosen(("LIKE", "%/%"), offset=1, limit=2) == ["image/jpeg", "text/csv"]
    assert chosen(offset=3) == ["Video/MP4"]
    assert chosen(offset=9, limit=2) == []

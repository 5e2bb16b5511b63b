"""GET /resource-name-identifier finds metadata by the name that the file was uploaded with."""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.api.clients import describe, upload
from tests.api.images import png

NAMES = "/resource-name-identifier"


def named(stack: LocalStack, name: str, bucket: str = "mybucket") -> str:
    """Upload and describe a file with this name and return the id of its metadata."""
    file = upload(stack, png(), name=name, bucket=bucket).json()["fileIdentifier"]
    response = describe(stack, file, bucket=bucket)
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def found(stack: LocalStack, query: str) -> list[str]:
    response = stack.request("GET", f"{NAMES}?{query}")
    assert response.status == 200, response.text
    return [str(one["id"]) for one in response.json()["data"]]


class TestNames:
    """GET /resource-name-identifier compares the original name exactly, within one group."""

    def test_a_record_is_found_by_its_name_in_its_group(self, stack: LocalStack) -> None:
        wanted = named(stack, "leaf.png")
        named(stack, "Leaf.png")
        named(stack, "leaf.png2")
        named(stack, "leaf.png", bucket="other")
        query = "filter[type][EQ]=metadata&filter[name][EQ]=leaf.png&filter[group][EQ]=MyBucket"
        response = stack.request("GET", f"{NAMES}?{query}")
        assert response.json() == {
            "data": [{"id": wanted, "type": "metadata", "attributes": {"name": "leaf.png"}}]
        }
        assert stack.request("GET", f"/api/v1{NAMES}?{query}").json() == response.json()

    def test_records_with_any_of_several_names_are_found_oldest_first(
        self, stack: LocalStack
    ) -> None:
        ids = [named(stack, name) for name in ("b.png", "a.png", "b.png", "c.png")]
        query = "filter[group]=mybucket&filter[name][EQ]=a.png,b.png,,a.png"
        assert found(stack, query) == ids[:3]
        assert found(stack, f"{query}&page[limit]=2") == ids[:2]

    def test_without_a_name_all_records_of_the_group_are_listed(self, stack: LocalStack) -> None:
        ids = [named(stack, f"{number}.png") for number in (2, 1, 3)]
        query = "filter[group][EQ]=mybucket&filter[type][EQ]=metadata"
        assert found(stack, query) == ids
        assert found(stack, f"{query}&page[limit]=1") == ids[:1]

    def test_records_are_found_by_their_ids_in_the_group(self, stack: LocalStack) -> None:
        first, second = named(stack, "a.png"), named(stack, "b.png")
        other = named(stack, "a.png", bucket="other")
        every = f"{second},{first.upper()},{other}"
        for name in ("id", "uuid"):
            assert found(stack, f"filter[group]=mybucket&filter[{name}]={every}") == [first, second]
            assert found(stack, f"fiql=group==mybucket;{name}=={second}") == [second]
        assert found(stack, f"filter[group]=mybucket&filter[id]={every}&filter[name]=b.png") == [
            second
        ]
        stack.request("DELETE", f"/api/v1/metadata/{second}")
        assert found(stack, f"filter[group]=mybucket&filter[id]={second}") == []

    def test_fiql_finds_names_and_all_records(self, stack: LocalStack) -> None:
        ids = [named(stack, name) for name in ("b.png", "a.png")]
        assert found(stack, "fiql=group==mybucket;(name==a.png,name==c.png)") == ids[1:]
        assert found(stack, "fiql=group==MyBucket;type==metadata") == ids

    def test_a_changed_file_name_is_not_searched(self, stack: LocalStack) -> None:
        file = upload(stack, png(), name="leaf.png").json()["fileIdentifier"]
        describe(stack, file, filename="other.png")
        assert found(stack, "filter[group][EQ]=mybucket&filter[name][EQ]=other.png") == []

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("", "filter[group][EQ]"),
            ("filter[group][EQ]=a", "filter[group][EQ]"),
            ("filter[type][EQ]=metadata&filter[name][EQ]=a", "filter[group][EQ]"),
            ("filter[group][EQ]=a&filter[type][EQ]=derivative", "filter[type][EQ]"),
            ("filter[group][EQ]=a&filter[colour][EQ]=b", "filter[colour][EQ]"),
            ("filter[group][EQ]=a&filter[name][LIKE]=b", "filter[name][LIKE]"),
            ("filter[group][EQ]=a%20b&filter[name][EQ]=b", "filter[group][EQ]"),
            ("filter[group][EQ]=a&filter[name][EQ]=b&page[limit]=0", "page[limit]"),
            ("filter[group][EQ]=a&filter[name][EQ]=b&page[limit]=1001", "page[limit]"),
            ("filter[group][EQ]=a&filter[name][EQ]=b&page[limit]=x", "page[limit]"),
            (f"filter[group]=a&filter[name]={','.join(map(str, range(101)))}", "filter[name][EQ]"),
            ("filter[group]=a&filter[uuid]=b", "filter[id][EQ]"),
            ("filter[group]=a,b&filter[type]=metadata", "filter[group][EQ]"),
            ("fiql=group==a;name==b*", "fiql"),
            ("fiql=group==a,name==b", "fiql"),
        ],
    )
    def test_an_invalid_query_is_refused(
        self, stack: LocalStack, query: str, parameter: str
    ) -> None:
        response = stack.request("GET", f"{NAMES}?{query}")
        assert response.status == 400
        assert response.json()["errors"][0]["source"] == {"parameter": parameter}

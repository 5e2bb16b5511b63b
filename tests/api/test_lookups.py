"""What is looked up beside the records: names, files in the store, licences, configurations."""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.api.clients import describe, multipart, problems, upload
from tests.api.images import png

NAMES = "/resource-name-identifier"


def named(stack: LocalStack, name: str, bucket: str = "mybucket") -> str:
    """The id of the metadata of a file with this name."""
    file = upload(stack, png(), name=name, bucket=bucket).json()["fileIdentifier"]
    response = describe(stack, file, bucket=bucket)
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def found(stack: LocalStack, query: str) -> list[str]:
    response = stack.request("GET", f"{NAMES}?{query}")
    assert response.status == 200, response.text
    return [str(one["id"]) for one in response.json()["data"]]


class TestNames:
    """resource-name-identifier: by the name that a file came with, exactly, in one group."""

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

    def test_several_names_are_alternatives_and_the_oldest_comes_first(
        self, stack: LocalStack
    ) -> None:
        ids = [named(stack, name) for name in ("b.png", "a.png", "b.png", "c.png")]
        query = "filter[group]=mybucket&filter[name][EQ]=a.png,b.png,,a.png"
        assert found(stack, query) == ids[:3]
        assert found(stack, f"{query}&page[limit]=2") == ids[:2]

    def test_without_a_name_the_whole_group_is_listed(self, stack: LocalStack) -> None:
        ids = [named(stack, f"{number}.png") for number in (2, 1, 3)]
        query = "filter[group][EQ]=mybucket&filter[type][EQ]=metadata"
        assert found(stack, query) == ids
        assert found(stack, f"{query}&page[limit]=1") == ids[:1]

    def test_another_name_that_the_user_gave_does_not_count(self, stack: LocalStack) -> None:
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
            (f"filter[group][EQ]=a&filter[name][EQ]={'b,' * 101}", "filter[name][EQ]"),
        ],
    )
    def test_a_question_that_makes_no_sense_is_refused(
        self, stack: LocalStack, query: str, parameter: str
    ) -> None:
        response = stack.request("GET", f"{NAMES}?{query}")
        assert response.status == 400
        assert response.json()["errors"][0]["source"] == {"parameter": parameter}


class TestFileInfo:
    """file-info: what the store itself has."""

    def test_a_stored_file_has_a_length_and_a_type(self, stack: LocalStack) -> None:
        body = png()
        identifier = upload(stack, body).json()["fileIdentifier"]
        response = stack.request("GET", f"/api/v1/file-info/MYBUCKET/{identifier}.png")
        assert response.json() == {"length": len(body), "contentType": "image/png"}
        assert response.header("content-type") == "application/json"

    def test_a_derivative_and_a_generated_thumbnail_have_them_too(self, stack: LocalStack) -> None:
        headers, form = multipart(png())
        target = "/api/v1/file/mybucket/derivative"
        flat = stack.request("POST", target, headers=headers, body=form).json()
        root = "/api/v1/file-info/mybucket/derivative"
        response = stack.request("GET", f"{root}/{flat['fileIdentifier']}.png")
        assert response.json()["contentType"] == "image/png"
        main = upload(stack, png()).json()
        describe(stack, main["fileIdentifier"])
        thumbnail = f"{root}/{main['thumbnailIdentifier']}.jpg"
        assert stack.request("GET", thumbnail).status == 404
        stack.settle(retries=True)
        assert stack.request("GET", thumbnail).json()["contentType"] == "image/jpeg"

    def test_what_is_not_there_is_not_found(self, stack: LocalStack) -> None:
        identifier = upload(stack, png()).json()["fileIdentifier"]
        other = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
        for path in (
            f"mybucket/{other}.png",
            f"mybucket/{identifier}.jpg",
            f"mybucket/{identifier}",
            f"mybucket/derivative/{identifier}.png",
            f"mybucket/derivative/{other}.jpg",
            f"other/{identifier}.png",
            "mybucket/leaf.png",
        ):
            response = stack.request("GET", f"/api/v1/file-info/{path}")
            assert problems(response) == [("404", "file_not_found")], path
        [key] = stack.keys("ObjectBucket")
        stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=key)
        response = stack.request("GET", f"/api/v1/file-info/mybucket/{identifier}.png")
        assert problems(response) == [("404", "file_not_found")]


def test_there_are_four_licences_with_titles_in_two_languages(stack: LocalStack) -> None:
    listed = stack.request("GET", "/api/v1/license").json()["data"]
    assert [one["id"] for one in listed] == [
        "open-government-licence-canada",
        "universal-public-domain-dedication-1",
        "attribution-international-4",
        "attribution-international-noncommercial-4",
    ]
    assert all(set(one["attributes"]["titles"]) == {"en", "fr"} for one in listed)


def test_a_licence_is_found_by_its_address(stack: LocalStack) -> None:
    url = "https://open.canada.ca/en/open-government-licence-canada"
    [found] = stack.request("GET", f"/api/v1/license?filter[url]={url}").json()["data"]
    one = stack.request("GET", f"/api/v1/license/{found['id']}").json()
    assert one["data"] == found


def test_an_unknown_sort_is_refused(stack: LocalStack) -> None:
    response = stack.request("GET", "/api/v1/license?sort=colour")
    assert problems(response) == [("400", "unknown_attribute")]


def test_there_are_two_configurations_in_their_order(stack: LocalStack) -> None:
    limits, defaults = stack.request("GET", "/api/v1/config").json()["data"]
    assert (limits["id"], defaults["id"]) == ("file-upload", "default-values")
    assert limits["attributes"] == {
        "max-file-size": "4MB",
        "max-request-size": "4MB",
        "max-direct-upload-bytes": 4194304,
        "max-upload-bytes": 5368709120,
        "max-files-per-request": 1000,
    }
    values = defaults["attributes"]["values"]
    assert [one["attribute"] for one in values] == [
        "xmpRightsWebStatement",
        "dcRights",
        "xmpRightsOwner",
        "xmpRightsUsageTerms",
    ]
    assert {one["type"] for one in values} == {"metadata"}
    assert stack.request("GET", "/api/v1/config/file-upload").json()["data"] == limits

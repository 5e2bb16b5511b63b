"""Lists of records through the API: filters, pages, counts and includes."""

from __future__ import annotations

from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import pytest

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import describe, upload
from tests.api.images import png
from tests.fakes.records import identifier, metadata, thumbnail
from tests.fakes.records import upload as an_upload

ROOT = "/api/v1"


def get(stack: LocalStack, path: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stack.request("GET", f"{ROOT}/{path}", headers=named)


def ids(response: Response) -> list[str]:
    assert response.status == 200, response.text
    return [one["id"] for one in response.json()["data"]]


def all_pages(stack: LocalStack, path: str) -> list[list[str]]:
    pages = []
    following: str | None = f"{ROOT}/{path}"
    while following is not None:
        response = stack.request("GET", following)
        pages.append(ids(response))
        url = response.json()["links"].get("next")
        following = None if url is None else f"{urlsplit(url).path}?{urlsplit(url).query}"
    return pages


def test_a_new_record_is_listed_and_counted(stack: LocalStack) -> None:
    flat = upload(stack, png()).json()
    identifier = describe(stack, flat["fileIdentifier"]).json()["data"]["id"]
    stack.settle()
    response = get(stack, "metadata")
    assert ids(response) == [identifier]
    assert response.json()["meta"]["totalResourceCount"] == 1
    assert ids(get(stack, "object-upload")) == [flat["fileIdentifier"]]
    assert ids(get(stack, "derivative")) == [flat["thumbnailIdentifier"]]


@pytest.fixture
def many(stack: LocalStack) -> LocalStack:
    for number in range(25):
        record = metadata(
            identifier=identifier(number),
            bucket=("aafc", "Bicoe")[number % 2],
            original_filename=f"Leaf-{number % 5}.png",
        )
        MetadataItem.of(record).save()
    stack.settle()
    return stack


def test_pages_follow_each_other_without_gaps(many: LocalStack) -> None:
    pages = all_pages(many, "metadata?page[limit]=10")
    assert [len(page) for page in pages] == [10, 10, 5]
    assert list(chain(*pages)) == [identifier(number) for number in range(25)]


def test_an_offset_skips_records(many: LocalStack) -> None:
    response = get(many, "metadata?page[limit]=10&page[offset]=20")
    assert ids(response) == [identifier(number) for number in range(20, 25)]
    assert response.json()["meta"]["totalResourceCount"] == 25
    assert "next" not in response.json()["links"]


def test_records_of_a_bucket_are_listed_and_counted(many: LocalStack) -> None:
    response = get(many, "metadata?filter[bucket]=BICOE&sort=-createdOn&page[limit]=5")
    assert ids(response) == [identifier(number) for number in (23, 21, 19, 17, 15)]
    assert response.json()["meta"]["totalResourceCount"] == 12


def test_records_are_found_by_name(many: LocalStack) -> None:
    response = get(many, "metadata?filter[originalFilename][EQ]=Leaf-3.png,Leaf-4.png")
    assert ids(response) == [identifier(number) for number in (3, 4, 8, 9, 13, 14, 18, 19, 23, 24)]
    assert ids(get(many, "metadata?filter[originalFilename]=leaf-3.png")) == []


def test_an_included_record_appears_once(stack: LocalStack) -> None:
    UploadItem.of(an_upload()).save()
    MetadataItem.of(metadata()).save()
    DerivativeItem.of(thumbnail()).save()
    document = get(stack, "metadata?include=derivatives&fields[derivative]=dcType").json()
    (data,) = document["data"]
    assert data["relationships"]["derivatives"]["data"] == [
        {"type": "derivative", "id": thumbnail().identifier}
    ]
    assert document["included"] == [
        {"id": thumbnail().identifier, "type": "derivative", "attributes": {"dcType": "IMAGE"}}
    ]


def test_all_errors_of_a_query_are_reported(stack: LocalStack) -> None:
    query = (
        "filter[colour]=red&filter[createdOn][GT]=soon&filter[dcType][AS]=IMAGE&sort=size"
        "&page[limit]=0&page[cursor]=x&include=friends&fields[metadata]=size&page[size]=2"
    )
    response = get(stack, f"metadata?{query}")
    assert response.status == 400
    told: list[Any] = [error["source"]["parameter"] for error in response.json()["errors"]]
    assert sorted(told) == [
        "fields[metadata]",
        "filter[colour]",
        "filter[createdOn][GT]",
        "filter[dcType][AS]",
        "include",
        "page[cursor]",
        "page[limit]",
        "page[size]",
        "sort",
    ]

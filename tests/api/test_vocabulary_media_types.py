"""GET /media-type lists the media types that files may have."""

from __future__ import annotations

import pytest

from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import header

URL = "/api/v1/media-type"


def listed(response: Response) -> list[str]:
    assert response.status == 200, response.text
    document = response.json()
    assert list(document) == ["data"]
    for one in document["data"]:
        assert one == {
            "id": one["id"],
            "type": "media-type",
            "attributes": {"mediaType": one["id"]},
        }
    return [one["id"] for one in document["data"]]


def test_every_known_type_except_the_refused_ones_is_listed(stack: LocalStack) -> None:
    names = listed(stack.request("GET", URL))
    assert len(names) == len(set(names)) > 500
    assert {"image/jpeg", "text/csv", "application/x-parquet", "application/gzip"} <= set(names)
    assert not DEFAULT_FORBIDDEN_TYPES.names & set(names)
    assert not [name for name in names if "x-mach-o" in name or ";" in name]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[mediaType][LIKE]=%25jpeg%25", ["image/jpeg", "video/jpeg"]),
        ("filter%5BmediaType%5D%5BLIKE%5D=%25jpeg%25", ["image/jpeg", "video/jpeg"]),
        ("filter[mediaType][ILIKE]=IMAGE/JP%25G", ["image/jpeg"]),
        ("filter[mediaType]=image/jpeg", ["image/jpeg"]),
        ("filter[mediaType][EQ]=image/jpeg,image/png", ["image/jpeg", "image/png"]),
        ("filter[mediaType][IN]=image/png,application/zip", ["image/png"]),
        ("filter[mediaType][LIKE]=image/jp%25&filter[mediaType][NEQ]=image/jpeg&sort=-mediaType",
         ["image/jpx", "image/jpm", "image/jp2"]),
    ],
)  # fmt: skip
def test_the_list_can_be_filtered(stack: LocalStack, query: str, expected: list[str]) -> None:
    assert listed(stack.request("GET", f"{URL}?{query}")) == expected


def test_the_pages_together_are_the_whole_list(stack: LocalStack) -> None:
    whole = listed(stack.request("GET", URL))
    pages = [
        listed(stack.request("GET", f"{URL}?page[offset]={offset}&page[limit]=400"))
        for offset in range(0, len(whole), 400)
    ]
    assert [name for page in pages for name in page] == whole


@pytest.mark.parametrize("written", ["image/svg+xml", "image%2Fsvg+xml", "IMAGE/SVG%2Bxml"])
def test_a_media_type_is_found_by_its_name(stack: LocalStack, written: str) -> None:
    response = stack.request("GET", f"{URL}/{written}")
    assert response.status == 200, response.text
    document = response.json()
    assert document["data"]["id"] == "image/svg+xml"
    assert document["links"]["self"].endswith("/api/v1/media-type/image/svg%2Bxml")


@pytest.mark.parametrize("written", ["application/zip", "image", "no/such", "x" * 3000])
def test_a_media_type_outside_the_list_is_not_found(stack: LocalStack, written: str) -> None:
    response = stack.request("GET", f"{URL}/{written}")
    assert response.status == 404
    assert response.json()["errors"][0]["code"] == "media_type_not_found"


@pytest.mark.parametrize("written", ["", "image/jpeg"])
def test_a_slash_at_the_end_is_redirected(stack: LocalStack, written: str) -> None:
    response = stack.request("GET", f"/api/v1/media-type/{written}/".replace("//", "/"))
    assert response.status == 308
    path = f"/api/v1/media-type/{written}".rstrip("/")
    assert header(response, "location").endswith(path)


def test_another_method_is_405_with_allow(stack: LocalStack) -> None:
    for path in (URL, f"{URL}/image/jpeg"):
        response = stack.request("DELETE", path)
        assert (response.status, response.header("allow")) == (405, "GET")

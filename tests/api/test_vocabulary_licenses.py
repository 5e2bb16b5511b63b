"""GET /license lists the licences that metadata may name."""

from __future__ import annotations

from local.stack import LocalStack
from tests.api.clients import problems


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

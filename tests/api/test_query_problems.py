"""Errors name every problem of the query parameters of a request."""

from __future__ import annotations

import pytest

from local.stack import LocalStack

SHORT_LISTS = ("license", "config", "media-type", "managed-attribute", "object-subtype")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        *(
            (one, ("filter[colour]", "filter[id][IS]", "sort", "page[limit]", "page[offset]"))
            for one in SHORT_LISTS
        ),
        ("license", ("colour", "fiql", "sort")),
    ],
)
def test_a_list_names_every_wrong_parameter(
    stack: LocalStack, path: str, parameters: tuple[str, ...]
) -> None:
    query = "&".join(f"{one}=-7" for one in parameters)

    response = stack.request("GET", f"/api/v1/{path}?{query}")

    errors = response.json()["errors"]
    assert response.status == 400
    assert sorted(one["source"]["parameter"] for one in errors) == sorted(parameters)

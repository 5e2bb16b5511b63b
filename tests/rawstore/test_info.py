"""GET /{service}/info: the URL prefixes of a user's files."""

from __future__ import annotations

import pytest

from coffer.domain.rawstore.addresses import prefixes_of
from local.stack import LocalStack
from tests.rawstore.requests import authorize, describe, error_of, files_of, package, token


def info(stack: LocalStack, user: str = "u1") -> list[str]:
    response = stack.request(
        "GET", "/rawstore/info", headers={"Auth-Token": token(stack, user=user)}
    )
    assert response.status == 200, response.text
    assert response.header("content-type") == "application/json"
    assert set(response.json()) == {"prefixes"}
    prefixes: list[str] = response.json()["prefixes"]
    return prefixes


def test_the_address_of_uploads_comes_first(stack: LocalStack) -> None:
    file = files_of(authorize(stack, package({"a.csv": describe(b"")})))["a.csv"]

    first, *others = info(stack)

    assert first == f"{file['upload_url']}/u1"
    assert f"{file['upload_url']}/{file['upload_query']['key']}".startswith(f"{first}/")
    assert all(prefix.endswith("/u1") for prefix in others)


def test_the_four_prefixes_of_the_reference_follow_in_order(stack: LocalStack) -> None:
    bucket = stack.name("RawstoreBucket")
    four = [
        f"http://{bucket}:80/u1",
        f"http://{bucket}/u1",
        f"https://{bucket}:443/u1",
        f"https://{bucket}/u1",
    ]

    assert [prefix for prefix in info(stack) if prefix in four] == four


def test_all_prefixes_of_the_first_generation_occur_once() -> None:
    prefixes = prefixes_of(
        "u1", bucket_url="https://s3.example/store", host="s3.example", bucket="store"
    )

    assert prefixes == [
        "https://s3.example/store/u1",
        "http://s3.example:80/store/u1",
        "http://s3.example/store/u1",
        "http://store:80/u1",
        "http://store/u1",
        "https://s3.example:443/store/u1",
        "https://store:443/u1",
        "https://store/u1",
    ]


def test_the_user_id_is_percent_encoded(stack: LocalStack) -> None:
    assert all(prefix.endswith("/a%20b%40c") for prefix in info(stack, user="a b@c"))


def test_the_parameter_jwt_is_accepted(stack: LocalStack) -> None:
    for headers in ({}, {"Auth-Token": ""}):
        target = f"/rawstore/info?jwt={token(stack)}"
        assert stack.request("GET", target, headers=headers).status == 200


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/rawstore/info", (401, "token_required")),
        ("/rawstore/info?jwt=", (401, "token_required")),
        ("/rawstore/info?jwt=undefined", (401, "malformed_token")),
    ],
)
def test_without_a_valid_token_nothing_is_revealed(
    stack: LocalStack, target: str, expected: tuple[int, str]
) -> None:
    assert error_of(stack.request("GET", target)) == expected


def test_a_token_of_another_service_is_refused(stack: LocalStack) -> None:
    headers = {"Auth-Token": token(stack, service="source")}

    assert error_of(stack.request("GET", "/rawstore/info", headers=headers)) == (
        403,
        "wrong_service",
    )


def test_no_permission_is_needed(stack: LocalStack) -> None:
    headers = {"Auth-Token": token(stack, permissions={})}

    assert stack.request("GET", "/rawstore/info", headers=headers).status == 200


def test_another_service_is_not_found(stack: LocalStack) -> None:
    response = stack.request("GET", "/other/info", headers={"Auth-Token": token(stack)})

    assert response.status == 404
    assert response.json()["error"]["code"] == "no_such_route"

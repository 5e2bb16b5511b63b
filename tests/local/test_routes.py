"""The route that matches a request."""

from __future__ import annotations

import pytest

from local.gateway.routes import RouteTable
from local.resources import Route

KEYS = (
    "GET /pets",
    "GET /pets/{id}",
    "GET /pets/dog",
    "HEAD /pets/dog",
    "POST /pets/{proxy+}",
    "ANY /pets/dog/{tail+}",
    "GET /{service}/info",
    "POST /{service}/authorize",
    "POST /{service}/{proxy+}",
    "ANY /both",
    "PUT /both",
    "$default",
)


def table(*keys: str) -> RouteTable:
    routes = []
    for key in keys:
        method, _, path = key.rpartition(" ")
        routes.append(Route(method or "ANY", path, key, 30_000))
    return RouteTable(routes)


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/pets", "GET /pets", {}),
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("GET", "/pets/cat", "GET /pets/{id}", {"id": "cat"}),
        ("GET", "/pets/a%2Fb%20%C3%BC", "GET /pets/{id}", {"id": "a/b ü"}),
        ("GET", "/pets/d%6Fg", "GET /pets/dog", {}),
        ("GET", "/pets/cat/", "$default", {}),
        ("GET", "/pets/", "$default", {}),
        ("GET", "//pets", "$default", {}),
        ("HEAD", "/pets/dog", "HEAD /pets/dog", {}),
        ("HEAD", "/pets/cat", "$default", {}),
        ("POST", "/pets/a/b", "POST /pets/{proxy+}", {"proxy": "a/b"}),
        ("POST", "/pets/", "POST /pets/{proxy+}", {"proxy": ""}),
        ("POST", "/pets", "$default", {}),
        ("DELETE", "/pets/dog/x/y", "ANY /pets/dog/{tail+}", {"tail": "x/y"}),
        ("GET", "/rawstore/info", "GET /{service}/info", {"service": "rawstore"}),
        ("POST", "/rawstore/authorize", "POST /{service}/authorize", {"service": "rawstore"}),
        ("POST", "/rawstore/", "POST /{service}/{proxy+}", {"service": "rawstore", "proxy": ""}),
        ("POST", "/rawstore", "$default", {}),
        ("PUT", "/both", "PUT /both", {}),
        ("GET", "/both", "ANY /both", {}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_most_specific_route_matches(
    method: str, path: str, key: str, variables: dict[str, str]
) -> None:
    match = table(*KEYS).find(method, path)
    assert match is not None
    assert (match.route.key, match.path_parameters) == (key, variables)


def test_without_a_default_route_nothing_matches() -> None:
    assert table("GET /pets").find("GET", "/cats") is None


@pytest.mark.parametrize("path", ["/pets/", "pets", "/{proxy+}/tail"])
def test_paths_that_api_gateway_refuses_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|segment"):
        table(f"GET {path}")

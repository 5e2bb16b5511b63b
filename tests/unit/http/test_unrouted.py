"""Unmatched requests: 405 with Allow on a known path, else 404; BitStore's body outside /api."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coffer.http.requests import Request
from coffer.http.responses import JSON, JSON_API, Response
from coffer.http.routes import ROUTES, methods_of
from coffer.http.unrouted import unrouted_response
from tests.unit.http.events import make_event, problems_of

ID = "0193a000-0000-7000-8000-00000000abcd"


def ask(method: str, path: str, query: str = "") -> Response:
    event: dict[str, Any] = make_event("$default", path=path)
    event["requestContext"]["http"]["method"] = method
    event["rawQueryString"] = query
    return unrouted_response(Request.from_event(event), service="rawstore")


def test_a_redirect_encodes_a_query_in_utf_8() -> None:
    query = "filter[acCaption]=\u00e9t\u00e9 1&x=%0d%0a%2F"

    location = ask("GET", "/api/v1/metadata/", query).headers["Location"]

    assert location.endswith("/metadata?filter[acCaption]=%C3%A9t%C3%A9%201&x=%0d%0a%2F")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/file/aafc", ("POST",)),
        ("/api/v1/file/aafc/derivative", ("GET", "HEAD", "POST")),
        (f"/api/v1/file/aafc/{ID}", ("GET", "HEAD")),
        (f"/api/v1/file/aafc/derivative/{ID}", ("GET", "HEAD")),
        ("/api/v1/upload/aafc", ("POST",)),
        (f"/api/v1/object-upload/{ID}", ("DELETE", "GET", "PATCH")),
        ("/api/v1/metadata", ("GET", "POST")),
        (f"/api/v1/metadata/{ID}", ("DELETE", "GET", "PATCH")),
        ("/api/v1/derivative", ("GET", "POST")),
        ("/api/v1/derivative/", ("POST",)),
        (f"/api/v1/derivative/{ID}", ("DELETE", "GET", "PATCH")),
        ("/api/v1/media-type", ("GET",)),
        ("/api/v1/media-type/image", ("GET",)),
        ("/api/v1/media-type/image/jpeg", ("GET",)),
        ("/api/v1/media-type/", ()),
        ("/api/v1/file-info/aafc/x.png", ("GET",)),
        ("/api/v1/file-info/aafc/derivative/x.png", ("GET",)),
        ("/api/v1/resource-name-identifier", ("GET",)),
        ("/resource-name-identifier", ("GET",)),
        ("/api/v1/index-refresh", ("POST",)),
        ("/index-refresh", ("POST",)),
        ("/api/v1/derivative-generation", ("POST",)),
        ("/derivative-generation", ("POST",)),
        ("/api/v1/docs", ("GET",)),
        ("/docs", ()),
        ("/api/v1/license", ("GET",)),
        ("/api/v1/license/x", ("GET",)),
        ("/api/v1/config", ("GET",)),
        ("/api/v1/config/x", ("GET",)),
        ("/api/v1/managed-attribute", ("GET", "POST")),
        ("/api/v1/managed-attribute/sheet_condition", ("DELETE", "GET", "PATCH")),
        ("/api/v1/object-subtype", ("GET", "POST")),
        (f"/api/v1/object-subtype/{ID}", ("DELETE", "GET", "PATCH")),
        ("/api/v1/health", ("GET",)),
        ("/api/v1/openapi.json", ("GET",)),
        ("/rawstore/authorize", ("POST",)),
        ("/rawstore/", ("POST",)),
        ("/rawstore/info", ("GET",)),
        ("/otherstore/info", ()),
        ("/rawstore/x/y", ()),
        ("/rawstore/x", ()),
        ("/rawstore", ()),
        ("/api/v1/metadata/", ()),
        ("/api/v1/file//x", ()),
        ("/api/v1", ()),
        ("/", ()),
        ("", ()),
    ],
)
def test_a_paths_methods_are_those_of_its_routes(path: str, methods: tuple[str, ...]) -> None:
    assert methods_of(path, "rawstore") == methods


def test_every_route_is_found_by_its_own_path() -> None:
    for route in ROUTES:
        method, _, pattern = route.partition(" ")
        path = pattern.replace("{service}", "rawstore").replace("{proxy+}", "")
        assert method in methods_of(path.replace("{", "").replace("}", ""), "rawstore")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/metadata", "GET, POST"),
        ("PUT", f"/api/v1/file/aafc/{ID}", "GET, HEAD"),
        ("POST", "/api/v1/health", "GET"),
        ("GET", "/api/v1/upload/aafc", "POST"),
    ],
)
def test_another_method_on_a_known_path_gets_allow(method: str, path: str, allow: str) -> None:
    response = ask(method, path)
    assert (response.status, response.headers["Allow"]) == (405, allow)
    [problem] = problems_of(response)
    assert problem["code"] == "method_not_allowed"
    assert problem["detail"] == f"{path} takes {allow}, not {method}."


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/api/v1/derivative/", "/api/v1/derivative"),  # POST has a route for this path
        ("PATCH", "/api/v1/derivative/bulk/", "/api/v1/derivative/bulk"),
        ("GET", f"/api/v1/metadata/{ID}/", f"/api/v1/metadata/{ID}"),
        ("POST", "/api/v1//metadata/bulk//", "/api/v1/metadata/bulk"),
        ("GET", "/api/v1/license/a\r\nSet-Cookie: x?#é/", "/api/v1/license/a%0D%0ASet-Cookie"),
    ],
)
def test_a_path_with_more_slashes_is_redirected(method: str, path: str, location: str) -> None:
    response = ask(method, path)
    assert response.status == 308
    found = response.headers["Location"]
    assert found.startswith(f"https://coffer.example{location}")
    assert found.isascii()
    assert not set("\r\n #?") & set(found)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", f"/api/{'x' * 5000}"])
def test_an_unknown_path_below_api_is_a_json_api_404(path: str) -> None:
    response = ask("GET", path)
    assert response.status == 404
    [problem] = problems_of(response)
    assert problem["code"] == "no_such_route"
    assert len(problem["detail"]) < 300


@pytest.mark.parametrize("path", ["/", "/nothing", "/apiary", "/rawstore", "/otherstore/info"])
def test_an_unknown_path_elsewhere_is_bitstores_404(path: str) -> None:
    response = ask("GET", path)
    assert (response.status, response.headers["Content-Type"]) == (404, JSON)
    assert json.loads(response.body) == {
        "docs": "https://coffer.example/api/v1/openapi.json",
        "info": "rawstore service - part of the DataHub platform",
        "error": {"message": "There is nothing here.", "code": "no_such_route"},
    }


def test_another_method_elsewhere_is_bitstores_405() -> None:
    response = ask("GET", "/rawstore/authorize")
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert response.headers["Content-Type"] == JSON != JSON_API
    assert json.loads(response.body)["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/api/v1/metadata", "/api/v1/nothing", "/rawstore/info", "/"])
def test_a_preflight_is_a_success(path: str) -> None:
    """API Gateway adds the CORS headers to it; a browser refuses any other status."""
    response = ask("OPTIONS", path)
    assert (response.status, response.body) == (204, "")


def test_a_decoded_path_can_hold_any_character_and_be_long() -> None:
    """API Gateway decodes the path of an event: `%0A` arrives as a line feed, `%23` as a hash."""
    response = ask("GET", "/api/v1/a b#c\n\u00e9/\x00")
    [problem] = problems_of(response)
    assert (response.status, problem["code"]) == (404, "no_such_route")
    response = ask("PUT", f"/api/v1/metadata/{'x' * 5000}")
    [problem] = problems_of(response)
    assert (response.status, len(problem["detail"]) < 300) == (405, True)

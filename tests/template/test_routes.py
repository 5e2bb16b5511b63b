"""Routes of the template, the handlers, the route table, OpenAPI and docs/routes.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from coffer.http.openapi.document import OPERATIONS, documented_path
from coffer.http.openapi.parameters import PARAMETERS
from coffer.http.routes import ROUTES
from local.stack import LocalStack
from tests.template.template_file import ROOT, functions, routes, routes_of, table_rows

DEFAULT = "$default"


@pytest.fixture(scope="module")
def declared() -> dict[str, dict[str, list[str] | None]]:
    """Return the query parameters of the routes that each handler declares."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.template.declared_routes"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    response: dict[str, dict[str, list[str] | None]] = json.loads(done.stdout)
    return response


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_handler_serves_the_routes_that_the_template_gives_it(
    folder: str, declared: dict[str, dict[str, list[str] | None]]
) -> None:
    assert set(declared[folder]) == routes_of(functions()[folder])


def test_a_handler_accepts_the_query_parameters_of_the_openapi_document(
    declared: dict[str, dict[str, list[str] | None]],
) -> None:
    known = {key: one for routes in declared.values() for key, one in routes.items()}
    differing = {}
    for key, operation in OPERATIONS.items():
        parameters = [PARAMETERS[name] for name in operation.parameters.split()]
        documented = {one["name"] for one in parameters if one["in"] == "query"}
        accepted = known[key]
        if accepted is not None:
            families = {f"{name.partition('[')[0]}[" for name in documented}
            exact = {name for name in accepted if not name.endswith("[")}
            # Object uploads have no relationships, so that only an empty value is allowed.
            missing = exact - documented - ({"include"} if "object-upload" in key else set())
            extra = {
                name for name in documented - exact if f"{name.partition('[')[0]}[" not in accepted
            }
            unused = {name for name in accepted if name.endswith("[")} - families
            if missing | extra | unused:
                differing[key] = missing | extra | unused
    assert differing == {}


def test_only_json_api_routes_refuse_unknown_query_parameters(
    declared: dict[str, dict[str, list[str] | None]],
) -> None:
    accepting = {key for routes in declared.values() for key, one in routes.items() if one is None}
    assert {key for key in accepting if not key.startswith(("GET", "HEAD"))} == {
        "POST /{service}/authorize",
        "POST /{service}/{proxy+}",
        DEFAULT,
    }
    assert {key.split("/")[3] for key in accepting if "/api/v1/" in key} == {
        "docs", "file", "health", "openapi.json", "toa",
    }  # fmt: skip


def test_the_route_table_lists_the_routes_of_the_template() -> None:
    assert sorted(ROUTES) == sorted(set(routes()) - {DEFAULT})


def test_the_documentation_lists_every_route_with_its_function() -> None:
    listed = {row[0].strip("`"): row[-1].strip("`") for row in table_rows("docs/routes.md")}
    assert listed == routes()


def test_no_route_key_ends_in_a_slash() -> None:
    """The gateway refuses such keys; greedy routes replace them."""
    assert [key for key in routes() if key.endswith("/")] == []


def test_one_function_serves_requests_without_a_route() -> None:
    assert routes()[DEFAULT] == "answer_unrouted"


def test_the_openapi_document_describes_every_route_and_no_others(
    running_stack: LocalStack,
) -> None:
    document = json.loads(running_stack.request("GET", "/api/v1/openapi.json").body)
    described = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert described == {_documented(route) for route in set(routes()) - {DEFAULT}}


def _documented(route: str) -> str:
    """Return a route as the OpenAPI document spells it."""
    method, _, path = route.partition(" ")
    return f"{method} {documented_path(path)}"

"""Routes of the template, the handlers, the route table, OpenAPI and docs/routes.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from coffer.http.openapi.document import documented_path
from coffer.http.routes import ROUTES
from local.stack import LocalStack
from tests.template.template_file import ROOT, functions, routes, routes_of, table_rows

DEFAULT = "$default"


@pytest.fixture(scope="module")
def declared() -> dict[str, list[str]]:
    """Return the route keys that each handler declares."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.template.declared_routes"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    response: dict[str, list[str]] = json.loads(done.stdout)
    return response


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_handler_serves_the_routes_that_the_template_gives_it(
    folder: str, declared: dict[str, list[str]]
) -> None:
    assert set(declared[folder]) == routes_of(functions()[folder])


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

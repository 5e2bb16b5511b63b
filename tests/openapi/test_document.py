"""The OpenAPI document is valid, has all routes and no others, and explains every member."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import coffer
from coffer.http.openapi.document import OPERATIONS, documented_path
from coffer.http.routes import ROUTES
from local.stack import LocalStack
from tests.architecture.source_files import ROOT, handlers, imports_of, modules, short
from tests.openapi.described import description, validator_of
from tests.template.template_file import routes

DEFAULT = "$default"
VENDORS = {"boto3", "botocore.session", "pynamodb", "PIL", "jwt", "multipart"}


def _documented() -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, item in description()["paths"].items()
        for method in item
    }


def _as_documented(key: str) -> str:
    method, _, path = key.partition(" ")
    return f"{method} {documented_path(path)}"


def _schemas(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schema of every member of every object, with its path in the document."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _schemas(one, f"{where}/{index}")
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "properties":
                for member, schema in one.items():
                    yield f"{where}/{member}", schema
            yield from _schemas(one, f"{where}/{name}")


def _objects(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every JSON object of a part of the document, with its path."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _objects(one, f"{where}/{index}")
    elif isinstance(value, dict):
        yield where, value
        for name, one in value.items():
            yield from _objects(one, f"{where}/{name}")


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in description()["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)


def test_it_is_openapi_3_1() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(description()).iter_errors()] == []


def test_it_has_all_routes_and_no_others() -> None:
    assert _documented() == {_as_documented(key) for key in ROUTES}
    assert set(OPERATIONS) == set(ROUTES)


def test_it_has_the_routes_of_the_template() -> None:
    assert _documented() == {_as_documented(key) for key in routes() if key != DEFAULT}


def test_every_member_of_every_object_has_a_description() -> None:
    missing = [where for where, schema in _schemas(description()) if not schema.get("description")]
    assert missing == []


def test_every_component_is_used_and_has_a_description() -> None:
    components = description()["components"]
    used = set(_references(description()))
    for kind in ("schemas", "parameters", "headers"):
        assert {f"#/components/{kind}/{name}" for name in components[kind]} <= used
        assert [name for name, one in components[kind].items() if not one["description"]] == []


def test_every_reference_resolves() -> None:
    for reference in set(_references(description())):
        found: Any = description()
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_operation_has_a_unique_id_and_a_description() -> None:
    operations = [operation for _, operation in _operations()]
    assert len({one["operationId"].lower() for one in operations}) == len(operations)
    assert [one for one in operations if not one["operationId"].isalpha()] == []
    assert [one for one in operations if not one["summary"] or not one["description"]] == []


def test_every_variable_of_a_path_is_a_parameter() -> None:
    parameters = description()["components"]["parameters"]
    for path, item in description()["paths"].items():
        variables = {piece[1:-1] for piece in path.split("/") if piece.startswith("{")}
        for operation in item.values():
            named = [parameters[one["$ref"].rpartition("/")[2]] for one in operation["parameters"]]
            assert {one["name"] for one in named if one["in"] == "path"} == variables


def test_examples_match_their_schemas() -> None:
    components = description()["components"]
    schemas = [
        *_schemas(description()),
        *components["schemas"].items(),
        *((name, one["schema"]) for name, one in components["parameters"].items()),
        *((name, one["schema"]) for name, one in components["headers"].items()),
    ]
    for where, schema in schemas:
        for example in schema.get("examples", []):
            assert validator_of(schema).is_valid(example), where


def test_no_enumeration_has_members_that_differ_only_by_case_or_signs() -> None:
    """Generators of clients make constants of them."""
    for where, one in _objects(description()):
        if isinstance(one.get("enum"), list):
            names = one.get("x-enum-varnames", one["enum"])
            constants = {"".join(filter(str.isalnum, name)).upper() for name in names}
            assert len(constants) == len(one["enum"]) == len(names), where


def test_every_body_and_every_response_has_a_schema() -> None:
    for key, operation in _operations():
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for status, response in operation["responses"].items():
            is_empty = key.startswith("HEAD") or status in ("202", "204", "304", "308")
            assert ("content" in response) != is_empty, f"{key} {status}"
            contents += [] if is_empty else [response["content"]]
        for content in contents:
            assert [name for name, one in content.items() if not one.get("schema")] == [], key
            # Generated clients use the first type, if it is one of these.
            first = next(iter(content))
            assert (
                first.endswith("json")
                or first.startswith(("text/", "multipart/"))
                or (
                    first == "application/octet-stream"
                    and content[first]["schema"] == {"$ref": "#/components/schemas/FileContent"}
                )
            ), key


def test_files_are_binary() -> None:
    schemas = description()["components"]["schemas"]
    form = schemas["FileForm"]["properties"]["file"]
    assert {(one["type"], one["format"]) for one in (schemas["FileContent"], form)} == {
        ("string", "binary")
    }


def test_every_parameter_is_one_value() -> None:
    """Generators of clients differ in how they send lists and objects."""
    components = description()["components"]
    for name, one in components["parameters"].items():
        enumeration = one["schema"].get("$ref", "").rpartition("/")[2]
        schema = components["schemas"][enumeration] if enumeration else one["schema"]
        assert schema["type"] in ("string", "integer", "boolean"), name
        assert not one.keys() & {"style", "explode", "allowReserved", "content"}, name


def test_a_schema_has_members_or_alternatives_but_not_both() -> None:
    """Of a schema with both, openapi-python-client uses the alternatives only."""
    both = [
        where
        for where, one in _objects(description()["components"]["schemas"])
        if isinstance(one.get("properties"), dict) and one.keys() & {"anyOf", "oneOf", "allOf"}
    ]
    assert both == []


def test_optional_members_have_no_default() -> None:
    """openapi-typescript would require a member with a default in requests."""
    assert [where for where, schema in _schemas(description()) if "default" in schema] == []


def test_null_is_a_type() -> None:
    """OpenAPI 3.0 had the keyword `nullable` instead."""
    assert [where for where, one in _objects(description()) if one.get("nullable") is True] == []


def test_requests_that_create_records_have_an_idempotency_key() -> None:
    without = {
        operation.identifier
        for key, operation in OPERATIONS.items()
        if key.startswith("POST /api/v1/")
        and (201 in operation.successes or operation.identifier.startswith("create"))
        and "idempotencyKey" not in operation.parameters.split()
    }
    assert without == {"createAccessKey", "createUploadGrant"}


def test_servers_are_relative() -> None:
    assert [server["url"] for server in description()["servers"]] == ["/"]


def test_it_is_served(stack: LocalStack) -> None:
    response = stack.request("GET", "/api/v1/openapi.json")
    assert response.status == 200
    assert response.header("content-type") == "application/json"
    assert response.json() == description()


def test_health_needs_no_token(stack: LocalStack) -> None:
    response = stack.request("GET", "/api/v1/health")
    assert response.status == 200
    assert response.json() == {"status": "ok", "version": coffer.__version__, "service": "coffer"}
    assert response.header("cache-control") == "no-store"


def test_it_has_the_limits_of_the_deployment(stack: LocalStack) -> None:
    schemas = stack.request("GET", "/api/v1/openapi.json").json()["components"]["schemas"]
    assert "4194304 bytes" in schemas["FileForm"]["properties"]["file"]["description"]
    assert schemas["AnnouncedFile"]["properties"]["sizeInBytes"]["maximum"] == 5 * 1024**3


def test_only_the_function_that_serves_it_imports_it() -> None:
    users = {
        short(path): {name for name in imports_of(path) if name.startswith("coffer.http.openapi.")}
        for path in (*modules(), *handlers())
        if not short(path).startswith("http/openapi/")
    }
    deployment = {"coffer.http.openapi.deployment", "coffer.http.openapi.deployment.Deployment"}
    assert users.pop("http/docs/document.py") > deployment
    assert users.pop("functions/describe_api/app.py") == deployment
    assert [name for name, imported in users.items() if imported] == []


def test_the_function_that_serves_it_imports_no_sdk() -> None:
    app = ROOT / "functions/describe_api/app.py"
    assert _modules_after_importing(app) & VENDORS == set()


def _modules_after_importing(app: Path) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after importing a handler."""
    look = (
        "import importlib.util, json, sys\n"
        "spec = importlib.util.spec_from_file_location('app', sys.argv[1])\n"
        "spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    ran = subprocess.run(  # noqa: S603 - this interpreter, on a file of ours
        [sys.executable, "-c", look, str(app)],
        # The local stack has put the handlers' variables into this process.
        env={**os.environ, "PYTHONPATH": str(ROOT / "layers/coffer/python")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0"])
@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/openapi.json"])
def test_a_client_without_json_gets_406(stack: LocalStack, path: str, accept: str) -> None:
    assert stack.request("GET", path, headers={"Accept": accept}).status == 406

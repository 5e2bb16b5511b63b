"""Environment variables: those that a function reads, is given, and that the documents explain."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_files import handlers, short, tree_of
from tests.template.settings_reads import GROUPS, all_variables, variables_read_by
from tests.template.template_file import (
    ROOT,
    declared_variables,
    functions,
    source,
    table_rows,
    translated_properties,
)

READ_BY_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}

# Lambda sets these, or a user who runs Coffer elsewhere; the template does not.
NOT_FROM_THE_TEMPLATE = {
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "COPY_CONDITIONS",
    "DEVELOPMENT_IDENTITY",
    "STORAGE_ACCESS_KEY_ID",
    "STORAGE_SECRET_ACCESS_KEY",
}
DOCUMENTED_ENDPOINTS = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}

MAX_ENVIRONMENT_BYTES = 4096
"""Names and values of one function together (Lambda quotas)."""
LONG_VALUES = {
    "OidcIssuer": "https://login.example.org/" + "realm/" * 20,
    "DatahubPublicKey": "k" * 800,  # PEM of an RSA key of 4,096 bits
    "DatahubPublicKeyUrl": "https://datahub.example.org/" + "key/" * 25,
    "StorageHostname": "https://" + "store." * 15 + "example.org:9000",
    "StorageCredentialsSecretArn": "a" * 150,
}
STACK_NAME_LENGTH, RANDOM_SUFFIX_LENGTH, QUEUE_PREFIX_LENGTH = 40, 14, 55


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_function_is_given_the_variables_that_it_reads_and_no_others(folder: str) -> None:
    declared = set(declared_variables(folder))
    assert declared == (variables_read_by(folder) - NOT_FROM_THE_TEMPLATE) | READ_BY_POWERTOOLS


def test_every_setting_is_read_by_some_function() -> None:
    read = {variable for folder in functions() for variable in variables_read_by(folder)}
    assert all_variables() == read


def test_the_largest_environment_leaves_room_below_the_limit_of_lambda() -> None:
    sizes = {folder: environment_bytes(folder) for folder in functions()}
    largest = max(sizes, key=lambda folder: sizes[folder])
    assert sizes[largest] < MAX_ENVIRONMENT_BYTES // 2, (largest, sizes[largest])


def environment_bytes(folder: str) -> int:
    """Return the size of a function's variables in a deployment with long names and values."""
    return sum(len(name) + value_bytes(value) for name, value in declared_variables(folder).items())


def value_bytes(value: str | dict[str, str]) -> int:
    if isinstance(value, str):
        return len(value)
    target = value["Ref"]
    parameters = source().data["Parameters"]
    if target in parameters:
        return len(str(LONG_VALUES.get(target, parameters[target]["Default"])))
    physical_name = STACK_NAME_LENGTH + len(target) + RANDOM_SUFFIX_LENGTH
    return physical_name + (QUEUE_PREFIX_LENGTH if target.endswith("Queue") else 0)


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_reads_its_settings_while_it_initialises(path: Path) -> None:
    """So that an unusable variable stops the function before the first request."""
    late = [
        ast.unparse(node)
        for function in tree_of(path).body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id in GROUPS
    ]
    assert late == []


def test_the_documentation_explains_every_variable_and_no_others() -> None:
    explained = {row[0].strip("`") for row in table_rows("docs/configuration.md")}
    set_by_lambda = {name for name in NOT_FROM_THE_TEMPLATE if name.startswith("AWS_")}
    expected = all_variables() | READ_BY_POWERTOOLS
    assert explained == expected - (set_by_lambda - DOCUMENTED_ENDPOINTS)


def test_the_documentation_names_the_parameter_behind_each_variable() -> None:
    parameters = set(source().data["Parameters"])
    values = {
        name: value for folder in functions() for name, value in declared_variables(folder).items()
    }
    for variable, parameter, *_ in table_rows("docs/configuration.md"):
        value = values.get(variable.strip("`"))
        reference = value.get("Ref", "") if isinstance(value, dict) else ""
        expected = f"`{reference}`" if reference in parameters else "-"
        assert parameter == expected, variable


@pytest.mark.parametrize("name", ["DEVELOPMENT_IDENTITY", "AWS_ENDPOINT_URL", "AWS_IGNORE"])
def test_the_template_cannot_set_a_development_identity(name: str) -> None:
    assert name not in (ROOT / "template.yaml").read_text(encoding="utf-8")
    for function in translated_properties("AWS::Lambda::Function").values():
        variables = function.get("Environment", {}).get("Variables", {})
        # A parameter or a condition gives a value to a variable, and never a name.
        assert not [variable for variable in variables if name in variable]
        assert "Fn::Transform" not in str(variables)

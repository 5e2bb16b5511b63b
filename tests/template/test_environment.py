"""Environment variables: those that a function reads, is given, and that the documents explain."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import handlers, short, tree_of
from tests.template.settings_reads import (
    GROUPS,
    all_variables,
    groups_read_by,
    variables_read_by,
)
from tests.template.template_file import (
    ROOT,
    declared_variables,
    functions,
    source,
    table_rows,
    translated,
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
LONGEST_STACK_NAME = 128
RANDOM_SUFFIX = "-1A2B3C4D5E6F7"
LONGEST_QUEUE_URL = "https://sqs.cn-northwest-1.amazonaws.com.cn/123456789012/"
# CloudFormation cuts the names that it generates: stack, logical id, suffix.
MAX_NAME_LENGTH = {
    "AWS::S3::Bucket": 63,
    "AWS::DynamoDB::Table": 255,
    "AWS::SQS::Queue": 80,
    "AWS::Lambda::Function": 64,
}


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_function_is_given_the_variables_that_it_reads_and_no_others(folder: str) -> None:
    declared = set(declared_variables(folder))
    assert declared == (variables_read_by(folder) - NOT_FROM_THE_TEMPLATE) | READ_BY_POWERTOOLS


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_handler_names_the_settings_that_the_function_reads(folder: str) -> None:
    docstring = ast.get_docstring(tree_of(ROOT / "functions" / folder / "app.py")) or ""
    named = ", ".join(sorted(groups_read_by(folder))) or "none"
    assert docstring.splitlines()[-1] == f"Settings, see `coffer/settings.py`: {named}."


def test_every_setting_is_read_by_some_function() -> None:
    read = {variable for folder in functions() for variable in variables_read_by(folder)}
    assert all_variables() == read


def test_every_environment_fits_with_the_longest_stack_name_and_values() -> None:
    sizes = {name: environment_bytes(one) for name, one in lambda_functions().items()}
    largest = max(sizes, key=lambda name: sizes[name])
    assert sizes[largest] <= MAX_ENVIRONMENT_BYTES, (largest, sizes[largest])
    assert sizes[largest] > MAX_ENVIRONMENT_BYTES // 2, "the estimate forgets something"


def lambda_functions() -> dict[str, dict[str, Any]]:
    return translated_properties("AWS::Lambda::Function")


def environment_bytes(function: Mapping[str, Any]) -> int:
    """Return the largest size that the variables of a function can have in any deployment."""
    variables = function["Environment"]["Variables"]
    return sum(len(name) + max_length(value) for name, value in variables.items())


def max_length(value: Any) -> int:
    """Return the largest length of a value: text, a Ref or a choice."""
    if not isinstance(value, dict):
        return len(str(value))
    if "Fn::If" in value:
        return max(map(max_length, value["Fn::If"][1:]))
    target = value["Ref"]
    if target == "AWS::StackName":
        return LONGEST_STACK_NAME
    if target in source().data["Parameters"]:
        return parameter_length(source().data["Parameters"][target])
    kind = translated().resources[target]["Type"]
    if kind == "AWS::Events::EventBus":
        return LONGEST_STACK_NAME
    generated = LONGEST_STACK_NAME + 1 + len(target) + len(RANDOM_SUFFIX)
    length = min(MAX_NAME_LENGTH[kind], generated)
    return length + (len(LONGEST_QUEUE_URL) if kind == "AWS::SQS::Queue" else 0)


def parameter_length(parameter: Mapping[str, Any]) -> int:
    """Return the largest length of a parameter's value, which its declaration must limit."""
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    if "MaxValue" in parameter:
        return len(str(parameter["MaxValue"]))
    limits = {r"{0,39}$": 40, r"{1,61}[a-z0-9]$": 63}
    ends = [limit for end, limit in limits.items() if parameter["AllowedPattern"].endswith(end)]
    return int(parameter["MaxLength"]) if "MaxLength" in parameter else ends[0]


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
        named = value.get("Fn::If", [value])[-1] if isinstance(value, dict) else {}
        reference = named.get("Ref", "")
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

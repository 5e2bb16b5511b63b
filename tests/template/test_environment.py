"""Environment variables: set by the template, read by settings.py, explained by the README."""

from __future__ import annotations

import ast

import pytest

from tests.template.reading import ROOT, made, readme_rows, source

# Read by powertools, not by us.
FOR_POWERTOOLS = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}

# Set by Lambda itself, or by whoever runs Coffer elsewhere; the template has no business with them.
NOT_FROM_THE_TEMPLATE = {
    "AWS_REGION",
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


def test_every_variable_of_the_template_is_a_setting() -> None:
    assert set(_variables()) - FOR_POWERTOOLS <= _settings()


def test_every_setting_comes_from_the_template_or_has_a_reason_not_to() -> None:
    assert _settings() - NOT_FROM_THE_TEMPLATE == set(_variables()) - FOR_POWERTOOLS


def test_the_readme_explains_every_variable_and_invents_none() -> None:
    explained = {row[0].strip("`") for row in readme_rows("Configuration")}
    lambdas_own = {name for name in NOT_FROM_THE_TEMPLATE if name.startswith("AWS_")}
    assert explained == (_settings() | set(_variables())) - (lambdas_own - _endpoints())


def test_the_readme_names_the_parameter_behind_each_variable() -> None:
    parameters = set(source().data["Parameters"])
    for variable, parameter, *_ in readme_rows("Configuration"):
        value = _variables().get(variable.strip("`"))
        reference = value.get("Ref", "") if isinstance(value, dict) else ""
        expected = f"`{reference}`" if reference in parameters else "-"
        assert parameter == expected, variable


@pytest.mark.parametrize("name", ["DEVELOPMENT_IDENTITY", "AWS_ENDPOINT_URL", "AWS_IGNORE"])
def test_the_template_has_no_way_to_a_development_identity(name: str) -> None:
    assert name not in (ROOT / "template.yaml").read_text(encoding="utf-8")
    for function in made("AWS::Lambda::Function").values():
        variables = function.get("Environment", {}).get("Variables", {})
        # A parameter or a condition gives a value to a variable, and never a name.
        assert not [variable for variable in variables if name in variable]
        assert "Fn::Transform" not in str(variables)


def _variables() -> dict[str, object]:
    variables: dict[str, object] = source().data["Globals"]["Function"]["Environment"]["Variables"]
    return variables


def _settings() -> set[str]:
    """The fields of Settings, as the variables they are read from."""
    path = ROOT / "layers/coffer/python/coffer/settings.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (settings,) = [
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    return {
        node.target.id.upper()
        for node in settings.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _endpoints() -> set[str]:
    return {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}

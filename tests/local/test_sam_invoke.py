"""The files for `sam local invoke`: variables that lead to the stack, and a template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from coffer.settings import AwsSettings, CallerSettings
from local.commands import main as run_command
from local.commands.sam_invoke import (
    BUILDS,
    TEMPLATE_NAME,
    declaring_template,
    environments,
    has_unreachable_issuer,
    machine_architecture,
    replace_loopback,
)
from local.control.client import RemoteStack
from local.stack import LocalStack
from tests.template.template_file import declared_variables, functions, logical_id

HOST = "host.docker.internal"
BUILT = """
Parameters:
  Architecture: {Type: String, Default: other}
Globals:
  Function:
    Environment:
      Variables: {GIVEN: {Ref: Table}}
Resources:
  OneFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: OneFunction}}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Layer}}
  Table: {Type: AWS::DynamoDB::Table}
"""


def state_of(stack: LocalStack) -> dict[str, Any]:
    """Return the state of a running stack."""
    return {
        "endpoints": stack.endpoints(),
        "functions": {one.logical_id: dict(one.environment) for one in stack.resources.functions},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://127.0.0.1:9000", f"http://{HOST}:9000"),
        ("http://localhost:9000/a/b?c=d", f"http://{HOST}:9000/a/b?c=d"),
        ("http://[::1]:9000", f"http://{HOST}:9000"),
        ("http://localhost", f"http://{HOST}"),
        ("https://s3.example.org:9000", "https://s3.example.org:9000"),
        ("http://127.0.0.1:port", "http://127.0.0.1:port"),
        ("127.0.0.1", "127.0.0.1"),
        ("coffer-objectbucket", "coffer-objectbucket"),
        ("{owner}/{dataset}/{path}", "{owner}/{dataset}/{path}"),
        ("", ""),
    ],
)
def test_only_loopback_urls_get_the_host(value: str, expected: str) -> None:
    assert replace_loopback(value, HOST) == expected


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_with_a_loopback_host_every_url_is_unchanged(host: str) -> None:
    """The issuer's URL is part of its tokens."""
    assert replace_loopback("http://127.0.0.1:9000", host) == "http://127.0.0.1:9000"
    assert not has_unreachable_issuer(state_with("http://127.0.0.1:4000"), host)


@pytest.mark.parametrize(
    ("issuer", "out_of_reach"),
    [
        ("http://127.0.0.1:4000", True),
        ("https://login.example.org/realms/dina", False),
        ("", False),
    ],
)
def test_a_container_cannot_reach_an_issuer_on_loopback(issuer: str, out_of_reach: bool) -> None:
    assert has_unreachable_issuer(state_with(issuer), HOST) is out_of_reach


def state_with(issuer: str) -> dict[str, Any]:
    return {"endpoints": {"OIDC_ISSUER": issuer}, "functions": {}}


def test_every_function_gets_its_variables_of_the_template(running_stack: LocalStack) -> None:
    found = environments(state_of(running_stack), HOST)
    assert set(found) == {logical_id(folder) for folder in functions()}
    for folder in functions():
        variables = found[logical_id(folder)]
        assert set(declared_variables(folder)) <= set(variables)
        assert all(isinstance(value, str) for value in variables.values())


def test_no_variable_contains_a_loopback_address(running_stack: LocalStack) -> None:
    found = environments(state_of(running_stack), HOST)
    text = json.dumps(found)
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert f"http://{HOST}:" in text


def test_a_container_may_have_the_development_identity(running_stack: LocalStack) -> None:
    for variables in environments(state_of(running_stack), HOST).values():
        assert CallerSettings(variables).development_identity == "dev"
        assert AwsSettings(variables).aws_session_token == ""


def test_the_template_declares_the_variables_and_finds_the_build() -> None:
    built = yaml.safe_load(BUILT)
    template = declaring_template(built, "x86_64", "x86_64", ["AWS_ENDPOINT_URL", "GIVEN"])
    declared = template["Globals"]["Function"]["Environment"]["Variables"]
    assert declared == {"GIVEN": {"Ref": "Table"}, "AWS_ENDPOINT_URL": ""}
    assert template["Parameters"]["Architecture"]["Default"] == "x86_64"
    assert template["Resources"]["OneFunction"]["Properties"]["CodeUri"] == "x86_64/OneFunction"
    assert template["Resources"]["Layer"]["Properties"]["ContentUri"] == "x86_64/Layer"
    assert built == yaml.safe_load(BUILT)


@pytest.mark.parametrize("is_built", [False, True])
def test_the_command_writes_both_files(
    is_built: bool,
    running_stack: LocalStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = state_of(running_stack)
    monkeypatch.setattr(RemoteStack, "call", lambda _self, _command: state)
    monkeypatch.chdir(tmp_path)
    build = BUILDS / str(machine_architecture())
    if is_built:
        build.mkdir(parents=True)
        (build / "template.yaml").write_text(BUILT, encoding="utf-8")
    assert run_command(["env-json", "--host", "localhost", "--output", "variables.json"]) == 0
    said = capsys.readouterr().out
    written = Path("variables.json")
    assert json.loads(written.read_text()) == environments(state, "localhost")
    assert written.stat().st_mode & 0o777 == 0o600
    assert ("make build" in said) is not is_built
    if is_built:
        template = json.loads((BUILDS / TEMPLATE_NAME).read_text())
        declared = set(template["Globals"]["Function"]["Environment"]["Variables"])
        assert declared > {*state["endpoints"], "AWS_SESSION_TOKEN", "GIVEN"}
        assert "UPLOADS_TABLE" not in declared

"""`make env-json`, then `sam local invoke`, without the container.

The SAM CLI reports which code it would mount and which variables it would set. With these the
functions run in the emulator against a running stack. Not tested is the network between a container
and this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.commands import main as run_command
from local.commands.sam_invoke import BUILDS, TEMPLATE_NAME, machine_architecture
from tests.e2e.stacks import HOST, Stack
from tests.runtime.emulator import Emulator
from tests.runtime.samples import FILE, rewritten
from tests.runtime.tools import ROOT, Tools
from tests.runtime.trials import Trials
from tests.template.template_file import logical_id, sample_event

RESOLUTION = Path(__file__).with_name("sam_resolution.py")
SOMEBODYS_SESSION = {
    "AWS_ACCESS_KEY_ID": "somebodys",
    "AWS_SECRET_ACCESS_KEY": "somebodys",
    "AWS_SESSION_TOKEN": "somebodys",
    "AWS_REGION": "eu-west-3",
}


@dataclass(frozen=True)
class Recipe:
    """The written files, and how the SAM CLI resolves them."""

    folder: Path
    variables: dict[str, dict[str, str]]
    resolved: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def recipe(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    """Return the files of `env-json` for a running stack, with this machine's address as host."""
    folder = tmp_path_factory.mktemp("invoke")
    (folder / BUILDS).mkdir()
    (folder / BUILDS / tools.build.name).symlink_to(tools.build)
    with Stack(folder).running() as stack, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PORT", str(stack.port))
        assert run_command(["env-json", "--host", HOST]) == 0
        resolved = resolve(tools, folder / BUILDS / TEMPLATE_NAME, folder / "env.json")
        yield Recipe(folder, json.loads((folder / "env.json").read_text()), resolved)


def resolve(tools: Tools, template: Path, variables: Path) -> dict[str, dict[str, Any]]:
    """Run the SAM CLI in an environment with AWS credentials."""
    done = subprocess.run(  # noqa: S603 - the SAM CLI's Python, on a script of ours
        [tools.sam_python, RESOLUTION, template, variables],
        env={"PATH": os.environ["PATH"], **SOMEBODYS_SESSION},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def test_sam_passes_on_every_variable(recipe: Recipe) -> None:
    assert recipe.resolved.keys() == recipe.variables.keys()
    for name, variables in recipe.variables.items():
        environment = recipe.resolved[name]["environment"]
        assert {variable: environment[variable] for variable in variables} == variables


def test_sam_would_drop_variables_with_the_deployed_template(recipe: Recipe, tools: Tools) -> None:
    resolved = resolve(tools, tools.build / "template.yaml", recipe.folder / "env.json")
    for function in resolved.values():
        assert "DEVELOPMENT_IDENTITY" not in function["environment"]
        assert "AWS_ENDPOINT_URL" not in function["environment"]


def test_sam_accepts_the_written_template() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    parameters = settings["default"]["local_invoke"]["parameters"]
    assert parameters == {"template_file": str(BUILDS / TEMPLATE_NAME)}


def test_sam_passes_on_no_credentials(recipe: Recipe) -> None:
    for function in recipe.resolved.values():
        assert "somebodys" not in function["environment"].values()


def test_sam_mounts_the_build_for_this_machine(recipe: Recipe, trials: Trials) -> None:
    for name, function in trials.functions.items():
        resolved = recipe.resolved[name]
        assert resolved["architecture"] == machine_architecture()
        assert Path(resolved["code"]).resolve() == function.folder
        layers = [Path(layer).resolve() / "python" for layer in resolved["layers"]]
        assert layers == list(function.layers)


def test_functions_use_the_running_stack(
    recipe: Recipe, trials: Trials, tools: Tools, tmp_path: Path
) -> None:
    def invoke(folder: str, event: Any) -> Any:
        name = logical_id(folder)
        environment = recipe.resolved[name]["environment"]
        function = replace(trials.functions[name], environment=environment)
        with Emulator(tools, function, {}, tmp_path) as emulator:
            response = emulator.invoke(event)
        assert not response.error, response.error
        assert response.payload["statusCode"] == 200, response.payload["body"]
        return json.loads(response.payload["body"])

    uploaded = invoke("upload_file", sample_event("upload_file"))
    identifier = uploaded["fileIdentifier"]
    shown = invoke("get_object_upload", rewritten("get_object_upload", {FILE: identifier}))
    assert shown["data"]["id"] == identifier

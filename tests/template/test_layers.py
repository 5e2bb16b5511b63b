"""Layers: what is built into them, and that the local stack runs on the very same versions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.reading import ROOT, pins, written

LAYERS = written("AWS::Serverless::LayerVersion")
REQUIREMENTS = ("layers/dependencies/requirements.txt", "layers/imaging/requirements.txt")
EVERY_FILE = (*REQUIREMENTS, "requirements.txt", "requirements-dev.txt")

# What tests and the local stack stand on, and Lambda must never see.
NEVER_IN_A_LAYER = {"moto", "pytest", "mypy", "ruff", "flask", "werkzeug", "aws-sam-translator"}

# Import names that differ from the name of the package.
IMPORTED_AS = {
    "pyjwt": "jwt",
    "pillow": "PIL",
    "pi-heif": "pi_heif",
    "aws-lambda-powertools": "aws_lambda_powertools",
}

# Comes with boto3, at the version that boto3 names.
BROUGHT_ALONG = {"botocore"}

# PyJWT imports it for RS256. It is named, because on a developer's machine moto hides its absence.
NAMED_FOR_ANOTHER = {"cryptography"}


@pytest.mark.parametrize("path", EVERY_FILE)
def test_every_requirement_is_one_exact_version(path: str) -> None:
    loose = [line for line in pins(path).values() if "==" not in line or "*" in line]
    assert loose == []


@pytest.mark.parametrize("path", REQUIREMENTS)
def test_the_local_stack_runs_on_the_pins_of_the_layers(path: str) -> None:
    everything = pins("requirements.txt")
    for name, line in pins(path).items():
        assert everything[name] == line


@pytest.mark.parametrize("path", EVERY_FILE)
def test_a_constraint_agrees_with_every_pin(path: str) -> None:
    constraints = {name: line.partition("==")[2] for name, line in pins("constraints.txt").items()}
    for name, line in pins(path).items():
        assert constraints[name] == line.partition("==")[2]


def test_nothing_that_only_tests_need_is_in_a_layer() -> None:
    shipped = {name for path in REQUIREMENTS for name in pins(path)}
    assert shipped & NEVER_IN_A_LAYER == set()


def test_the_layers_hold_exactly_what_the_code_imports() -> None:
    shipped = {IMPORTED_AS.get(name, name) for path in REQUIREMENTS for name in pins(path)}
    imported: set[str] = set()
    for path in (ROOT / "layers/coffer/python").rglob("*.py"):
        imported |= _third_party_imports(path)
    assert imported - BROUGHT_ALONG - shipped == set(), "imported, but in no layer"
    assert shipped - NAMED_FOR_ANOTHER - imported == set(), "in a layer, but never imported"


def test_image_libraries_are_in_the_imaging_layer_only() -> None:
    decoders = {"pillow", "pi-heif", "pypdfium2"}
    assert decoders & set(pins("layers/dependencies/requirements.txt")) == set()
    assert decoders == set(pins("layers/imaging/requirements.txt"))


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_is_built_for_the_processor_that_the_functions_run_on(name: str) -> None:
    layer = LAYERS[name]
    assert layer["Metadata"]["BuildMethod"] == "python3.13"
    assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    properties = layer["Properties"]
    assert properties["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    assert properties["RetentionPolicy"] == "Delete"
    assert (ROOT / properties["ContentUri"]).is_dir()


def test_our_own_layer_is_built_from_inside_its_python_folder() -> None:
    """SAM puts the build into python/ itself; from the folder above nothing could be imported."""
    assert LAYERS["CofferLayer"]["Properties"]["ContentUri"] == "layers/coffer/python"


def _third_party_imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in _running_code(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return {name for name in names if name not in sys.stdlib_module_names and name != "coffer"}


def _running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs in Lambda: what is there for the type checker only is left out."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _running_code(child)

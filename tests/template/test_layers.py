"""Layers: their packages, which the local stack uses in the same versions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.template_file import ROOT, pins, resources

LAYERS = resources("AWS::Serverless::LayerVersion")
REQUIREMENTS = ("layers/dependencies/requirements.txt", "layers/imaging/requirements.txt")
EVERY_FILE = (*REQUIREMENTS, "requirements.txt", "requirements-dev.txt")

# Packages of the tests and the local stack, which must not be in a layer.
NEVER_IN_A_LAYER = {"moto", "pytest", "mypy", "ruff", "flask", "werkzeug", "aws-sam-translator"}

# Import names that differ from the package name.
IMPORTED_AS = {
    "pyjwt": "jwt",
    "pillow": "PIL",
    "pi-heif": "pi_heif",
    "aws-lambda-powertools": "aws_lambda_powertools",
}

# boto3 depends on it, and pins its version.
DEPENDENCIES_OF_BOTO3 = {"botocore"}

# PyJWT imports it for RS256. It is listed, because moto installs it on a developer's machine.
IMPORTED_BY_ANOTHER = {"cryptography"}


@pytest.mark.parametrize("path", EVERY_FILE)
def test_every_requirement_is_one_exact_version(path: str) -> None:
    loose = [line for line in pins(path).values() if "==" not in line or "*" in line]
    assert loose == []


@pytest.mark.parametrize("path", REQUIREMENTS)
def test_the_local_stack_uses_the_versions_of_the_layers(path: str) -> None:
    everything = pins("requirements.txt")
    for name, line in pins(path).items():
        assert everything[name] == line


@pytest.mark.parametrize("path", EVERY_FILE)
def test_a_constraint_agrees_with_every_pin(path: str) -> None:
    constraints = {name: line.partition("==")[2] for name, line in pins("constraints.txt").items()}
    for name, line in pins(path).items():
        assert constraints[name] == line.partition("==")[2]


def test_no_layer_contains_packages_of_the_tests() -> None:
    shipped = {name for path in REQUIREMENTS for name in pins(path)}
    assert shipped & NEVER_IN_A_LAYER == set()


def test_the_layers_contain_exactly_what_the_code_imports() -> None:
    shipped = {IMPORTED_AS.get(name, name) for path in REQUIREMENTS for name in pins(path)}
    imported: set[str] = set()
    for path in (ROOT / "layers/coffer/python").rglob("*.py"):
        imported |= _third_party_imports(path)
    assert imported - DEPENDENCIES_OF_BOTO3 - shipped == set(), "imported, but in no layer"
    assert shipped - IMPORTED_BY_ANOTHER - imported == set(), "in a layer, but never imported"


def test_image_libraries_are_in_the_imaging_layer_only() -> None:
    decoders = {"pillow", "pi-heif", "pypdfium2"}
    assert decoders & set(pins("layers/dependencies/requirements.txt")) == set()
    assert decoders == set(pins("layers/imaging/requirements.txt"))


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_is_built_for_the_processor_of_the_functions(name: str) -> None:
    layer = LAYERS[name]
    assert layer["Metadata"]["BuildMethod"] == "python3.13"
    assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    properties = layer["Properties"]
    assert properties["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    assert properties["RetentionPolicy"] == "Delete"
    assert (ROOT / properties["ContentUri"]).is_dir()


def test_our_layer_is_built_from_inside_its_python_folder() -> None:
    """SAM puts the content into python/ itself, so the folder above could not be imported."""
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
    """Yield every node except those that only the type checker sees."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _running_code(child)

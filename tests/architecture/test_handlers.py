"""Handlers: one thin file a function, the whole Lambda on one screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT, handlers, imports_of, short, tree_of

MAX_LINES = 60

# The edge of HTTP functions and no others; a function without HTTP has no business with it.
VENDORS = {"boto3", "botocore", "pynamodb", "PIL", "jwt", "multipart", "aws_lambda_powertools"}


def test_a_function_folder_holds_its_handler_and_nothing_else() -> None:
    held = {
        path.relative_to(ROOT / "functions")
        for path in (ROOT / "functions").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.name for path in held} == {"app.py"}
    assert {len(path.parts) for path in held} == {2}


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_fits_on_one_screen(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_defines_no_class(path: Path) -> None:
    assert [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)] == []


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_is_called_what_the_template_calls_it(path: Path) -> None:
    names = {
        target.id
        for node in tree_of(path).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    } | {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    assert "lambda_handler" in names


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_composes_and_touches_no_technology_itself(path: Path) -> None:
    packages = {name.partition(".")[0] for name in imports_of(path)}
    assert packages & VENDORS == set()

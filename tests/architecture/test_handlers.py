"""Each function has one small handler module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_files import (
    ROOT,
    handlers,
    imports_of,
    loaded_by,
    short,
    tree_of,
)

MAX_LINES = 60

# Only functions with HTTP routes may import it.
VENDORS = {"boto3", "botocore", "pynamodb", "PIL", "jwt", "multipart", "aws_lambda_powertools"}


def test_a_function_folder_contains_its_handler_only() -> None:
    held = {
        path.relative_to(ROOT / "functions")
        for path in (ROOT / "functions").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.name for path in held} == {"app.py"}
    assert {len(path.parts) for path in held} == {2}


def test_only_functions_that_detect_types_load_the_detector() -> None:
    """Its 25 modules are a tenth of a cold start.

    `begin_uploads` looks types up by file name, `list_contents` in the hierarchy of types.
    """
    loading = {
        path.parent.name
        for path in handlers()
        if any(name.startswith("coffer.domain.detection") for name in loaded_by(path))
    }
    assert loading == {
        "begin_uploads",
        "list_contents",
        "list_media_types",
        "process_upload",
        "promote_large_upload",
        "upload_file",
    }


def test_the_functions_of_uppy_load_no_boto3() -> None:
    folders = {"begin_uploads", "complete_uploads", "edit_upload_grants", "sign_parts"}
    loading = {
        path.parent.name
        for path in handlers()
        if path.parent.name in folders and "coffer.adapters.s3.objects" in loaded_by(path)
    }
    assert loading == set()


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_has_at_most_sixty_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_the_first_line_of_a_handler_names_its_route_or_event(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_defines_no_class(path: Path) -> None:
    assert [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)] == []


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_has_the_name_in_the_template(path: Path) -> None:
    names = {
        target.id
        for node in tree_of(path).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    } | {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    assert "lambda_handler" in names


@pytest.mark.parametrize("path", handlers(), ids=short)
def test_a_handler_imports_no_vendor_package(path: Path) -> None:
    packages = {name.partition(".")[0] for name in imports_of(path)}
    assert packages & VENDORS == set()

"""Names and docstrings of the code: limits begin with MAX_ or MIN_, and one class has one name."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.architecture.source_files import ROOT, modules, short, tree_of

CODE = [
    *modules(),
    *(
        path
        for folder in ("functions", "local", "operations")
        for path in (ROOT / folder).rglob("*.py")
    ),
]
SUPERLATIVE = re.compile(r"(MOST|LONGEST|LARGEST|SMALLEST|FEWEST)_")
TITLE = re.compile(r"[A-Z][A-Za-z0-9 /-]{2,28}: [a-z]")
"""The beginning of a docstring with a title in front, such as 'Uploads: claiming a file'."""


def names_of_constants(tree: ast.Module) -> list[str]:
    """Return the names that the module's own statements assign."""
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def public_classes(tree: ast.Module) -> list[str]:
    """Return the names of the module's public classes."""
    classes = (node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return [name for name in classes if not name.startswith("_")]


def test_names_are_found() -> None:
    tree = ast.parse("MOST_BYTES = 1\nMAX_BYTES: int = 1\nclass Plan: ...\nclass _Plan: ...\n")
    assert names_of_constants(tree) == ["MOST_BYTES", "MAX_BYTES"]
    assert public_classes(tree) == ["Plan"]


def test_a_limit_is_named_max_or_min() -> None:
    names = {(short(path), name) for path in CODE for name in names_of_constants(tree_of(path))}
    assert {(path, name) for path, name in names if SUPERLATIVE.match(name)} == set()


def test_the_docstring_of_a_module_begins_with_no_title() -> None:
    docstrings = {short(path): ast.get_docstring(tree_of(path)) or "" for path in CODE}
    assert {path for path, text in docstrings.items() if TITLE.match(text)} == set()


def test_a_public_class_of_the_layer_has_a_name_of_its_own() -> None:
    counts = Counter(name for path in modules() for name in public_classes(tree_of(path)))
    assert [name for name, count in counts.items() if count > 1] == []

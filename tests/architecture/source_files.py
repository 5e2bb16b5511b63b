"""Source files and their imports, for the architecture tests."""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers/coffer/python/coffer"


def modules(folder: str = "") -> list[Path]:
    """Return the modules of the layer, or of one of its folders, sorted."""
    return sorted((PACKAGE / folder).rglob("*.py"))


def handlers() -> list[Path]:
    """Return the handler module of each function."""
    return sorted((ROOT / "functions").glob("*/app.py"))


def short(path: Path) -> str:
    """Return the path for a test id."""
    return str(path.relative_to(PACKAGE if PACKAGE in path.parents else ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Return all imports of a module, also those inside functions and for type checkers.

    `from coffer.domain import errors` yields `coffer.domain` and `coffer.domain.errors`.
    """
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{short(path)} imports relatively"
            module = str(node.module)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def imports_at_start(path: Path) -> frozenset[str]:
    """Return the imports that run when the module is imported, in the form of `imports_of`."""
    found: set[str] = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def loaded_by(path: Path) -> frozenset[str]:
    """Return the modules of the layer that are loaded when the module is imported."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        for name in imports_at_start(waiting.pop()) - found:
            parts = name.split(".")[1:]
            module = PACKAGE.joinpath(*parts)
            sources = [module.with_suffix(".py"), module / "__init__.py"]
            if name.startswith("coffer.") and (
                existing := [one for one in sources if one.exists()]
            ):
                found.add(name)
                waiting += existing
    return frozenset(found)


@cache
def packages_of(path: Path) -> frozenset[str]:
    """Return the top-level packages that a module imports."""
    return frozenset(name.partition(".")[0] for name in imports_of(path))


def child_of(parent: str, name: str) -> str | None:
    """Return the part of `parent` that a module belongs to: a module or a package of it."""
    if not name.startswith(f"{parent}."):
        return None
    return name.removeprefix(f"{parent}.").partition(".")[0]


def find_circle(parent: str, edges: Iterable[tuple[str, str]]) -> list[str]:
    """Return parts of `parent` that import each other in a circle; empty if there is none.

    `edges` are pairs of dotted names: the module that imports, and the module that it imports.
    """
    graph: dict[str, set[str]] = defaultdict(set)
    for importer, imported in edges:
        source, target = child_of(parent, importer), child_of(parent, imported)
        if source and target and source != target:
            graph[source].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def tracked_files() -> Iterator[tuple[str, str]]:
    """Yield path and text of every tracked file that is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the git that made the checkout
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue

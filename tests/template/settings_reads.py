"""Which environment variables a function reads, found from the imports of its handler.

A variable counts as read if a module that the handler imports, directly or through other modules,
uses it. This finds variables that only some requests need, which running the function would not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import coffer.settings
from coffer.settings import Settings
from tests.architecture.source_files import PACKAGE, ROOT, tree_of
from tests.environment import REQUIRED

GROUPS: Mapping[str, Settings] = {
    name: group for name, group in vars(coffer.settings).items() if isinstance(group, Settings)
}
"""The instances that `coffer.settings` offers, such as `table_settings`, by their names."""


class _Recorder(dict[str, str]):
    """An environment that remembers which variables were read from it."""

    def __init__(self) -> None:
        super().__init__(REQUIRED)
        self.read: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override] # only ever called like this
        self.read.add(name)
        return super().get(name, default)


@cache
def variables_behind(group: str, attribute: str) -> frozenset[str]:
    """Return the variables that `group.attribute` reads."""
    recorder = _Recorder()
    getattr(type(GROUPS[group])(recorder), attribute)
    return frozenset(recorder.read)


def all_variables() -> set[str]:
    """Return every variable that some settings class reads."""
    return {
        variable
        for name, group in GROUPS.items()
        for attribute in vars(type(group))
        if not attribute.startswith("__")
        for variable in variables_behind(name, attribute)
    }


def variables_read_by(folder: str) -> set[str]:
    """Return the variables that the function in `functions/<folder>` reads."""
    return {
        variable
        for group, attribute in _settings_read_by(folder)
        for variable in variables_behind(group, attribute)
    }


def groups_read_by(folder: str) -> set[str]:
    """Return the names of the groups of settings that a function reads, such as `table`."""
    return {group.removesuffix("_settings") for group, _ in _settings_read_by(folder)}


def _settings_read_by(folder: str) -> set[tuple[str, str]]:
    """Return group and attribute of each setting that the modules of a function use."""
    handler = ROOT / "functions" / folder / "app.py"
    seen: set[Path] = set()
    waiting = [handler]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += _imported(path)
    return {setting for path in seen for setting in _read_in(path)}


@cache
def _imported(path: Path) -> list[Path]:
    """Return the modules of the layer that a module imports, in its functions too."""
    names: set[str] = set()
    for node in _running_code(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    # To import a module is to import the packages around it.
    around = {".".join(name.split(".")[:length]) for name in names for length in range(1, 9)}
    return [path for name in around for path in _files_of(name)]


def _files_of(name: str) -> list[Path]:
    root, *parts = name.split(".")
    if root != "coffer":
        return []
    base = PACKAGE.joinpath(*parts)
    return [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()]


@cache
def _read_in(path: Path) -> frozenset[tuple[str, str]]:
    """Return group and attribute of each setting that the code of one module uses."""
    if path == PACKAGE / "settings.py":
        return frozenset()
    return frozenset(
        (node.value.id, node.attr)
        for node in _running_code(tree_of(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in GROUPS
    )


def _running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except those that only the type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _running_code(node)

"""Every import inside a function of the layers can be resolved in the build."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.runtime.emulator import Emulator
from tests.runtime.trials import Trials

IMPORTER = """
import importlib


def lambda_handler(event, context):
    failed = {}
    for name in event:
        try:
            importlib.import_module(name)
        except ImportError as error:
            failed[name] = str(error)
    return failed
"""


def test_every_import_of_the_layers_is_in_the_build(trials: Trials, tmp_path: Path) -> None:
    functions = trials.functions.values()
    layers = tuple(dict.fromkeys(layer for one in functions for layer in one.layers))
    [ours] = [layer for layer in layers if (layer / "coffer").is_dir()]
    wanted = sorted({*modules(ours), *imported(ours)})
    assert len(wanted) > 50
    (tmp_path / "app.py").write_text(IMPORTER, encoding="utf-8")
    # A module may need a variable at import, and each function has only its own variables.
    environment = {name: value for one in functions for name, value in one.environment.items()}
    function = replace(
        next(iter(functions)), folder=tmp_path, layers=layers, environment=environment
    )
    with Emulator(trials.tools, function, trials.stack.endpoints(), tmp_path) as emulator:
        response, seen = emulator.observe(wanted)
    assert response.payload == {}
    assert seen.strangers([tmp_path, *layers]) == []
    assert seen.compiled_below(layers) == []


def modules(folder: Path) -> Iterator[str]:
    """Return the modules below a folder by their import names."""
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(folder: Path) -> Iterator[str]:
    """Return all imports of the code below a folder, except those for type checkers."""
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = {id(node) for block in _for_checkers(tree) for node in ast.walk(block)}
        for node in ast.walk(tree):
            if id(node) in skipped:
                continue
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def _for_checkers(tree: ast.Module) -> Iterator[ast.If]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield node

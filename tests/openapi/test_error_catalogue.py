"""docs/api.md, the source and the OpenAPI document have the same error codes."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from coffer.domain.thumbnails.create import ATTEMPTS_EXHAUSTED
from coffer.http.openapi.document import OPERATIONS
from coffer.http.openapi.operation import UNROUTED_CODES, Access
from tests.architecture.source_files import PACKAGE, ROOT, modules, short, tree_of

CATALOGUE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
CODE = re.compile(r"^`([a-z0-9_]+)`$")

RAWSTORE = (
    "domain/rawstore/",
    "http/rawstore",
    "adapters/rawstore/",
    "adapters/tokens/permission",
    "adapters/signing/storage_secret",
)
"""Modules that raise only errors of the rawstore API."""
FORWARDING = ("domain/errors.py",)
"""Modules of the error classes, which pass on codes that callers give them."""

NEVER_RETURNED: dict[str, set[int]] = {
    "missing_path_variable": {400},
    "bus_unavailable": set(),
    "decoder_unavailable": set(),
}
"""Codes that no route returns; the catalogue has the reasons."""


def _rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table under a heading, by the code in the first cell."""
    _, _, section = CATALOGUE.partition(f" {heading}\n")
    rows: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line.startswith("#"):
            break
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        if found := CODE.match(first):
            assert found[1] not in rows, f"{found[1]} is there twice"
            rows[found[1]] = rest
    return rows


def _statuses(heading: str) -> dict[str, set[int]]:
    return {
        code: {int(status) for status in cells[0].split(",") if status.strip().isdigit()}
        for code, cells in _rows(heading).items()
    }


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every syntax node of a module, parsed once."""
    return tuple(ast.walk(tree_of(path)))


def _errors() -> set[str]:
    """Return the names of RequestError and of all its subclasses."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in modules()
        for node in _nodes(path)
        if isinstance(node, ast.ClassDef)
    }
    known = {"RequestError"}
    while True:
        derived = {name for name, parents in bases.items() if parents & known}
        if derived <= known:
            return known
        known |= derived


ERRORS = _errors()


@cache
def _errors_with_a_fixed_code() -> frozenset[str]:
    """Return the names of the errors whose class sets the code."""
    return frozenset(
        node.name
        for path in modules()
        for node in _nodes(path)
        if isinstance(node, ast.ClassDef) and node.name in ERRORS and list(_inside(node))
    )


def _inside(error: ast.ClassDef) -> Iterator[ast.expr]:
    """Yield the code that an error class passes to its parent, if it is a literal."""
    for call in ast.walk(error):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            yield from (code for code in _code(call) if isinstance(code, ast.Constant))


def _raised(path: Path, names: set[str]) -> Iterator[ast.expr]:
    """Yield the codes that a module passes to these classes or functions.

    A code is the argument `code` or the first argument, a key of a table with such values, or an
    argument that a subclass passes to its parent.
    """
    own = _errors_with_a_fixed_code()
    for node in _nodes(path):
        if isinstance(node, ast.ClassDef) and node.name in names:
            yield from _inside(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and _is_name_of(value, names):
                    yield key
        elif isinstance(node, ast.Call) and _is_name_of(node.func, names - own):
            yield from _code(node)


def _is_name_of(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _code(call: ast.Call) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return named or call.args[:1]


def _literals(names: set[str], *, rawstore: bool = False) -> set[str]:
    return {
        argument.value
        for path in modules()
        if short(path).startswith(RAWSTORE) is rawstore
        for argument in _raised(path, names)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _described(*accesses: Access) -> dict[str, set[int]]:
    """Return the codes of the OpenAPI document with their statuses."""
    codes: dict[str, set[int]] = defaultdict(set)
    for operation in OPERATIONS.values():
        if operation.access in accesses:
            for status, named in operation.error_codes.items():
                for code in named:
                    codes[code].add(status)
    return codes


def test_the_error_classes_are_found() -> None:
    assert {"MalformedRequestError", "NotReadyError", "MethodNotAllowedError"} <= ERRORS
    assert (PACKAGE / FORWARDING[0]).exists()


def test_every_code_is_a_literal_in_the_source() -> None:
    """The tests below find only literals. Two parts make the codes of rawstore."""
    computed = [
        f"{short(path)}: {ast.unparse(argument)}"
        for path in modules()
        if not short(path).startswith((*RAWSTORE, *FORWARDING))
        for argument in _raised(path, ERRORS | {"Problem"})
        if not isinstance(argument, ast.Constant)
    ]
    assert computed == []


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = _literals(ERRORS | {"Problem"})
    assert raised == set(_rows("Codes of the object store API"))


def test_every_code_of_rawstore_is_in_its_catalogue() -> None:
    raised = _literals(ERRORS | {"Problem"}, rawstore=True)
    assert raised <= set(_rows("Codes of the rawstore API"))


def test_the_catalogue_has_the_statuses_of_the_document() -> None:
    described = _described(Access.ANYONE, Access.BEARER)
    for status, codes in UNROUTED_CODES.items():
        for code in codes:
            described[code].add(status)
    assert _statuses("Codes of the object store API") == described | NEVER_RETURNED


def test_the_catalogue_of_rawstore_has_the_statuses_of_the_document() -> None:
    assert _statuses("Codes of the rawstore API") == _described(Access.PERMISSION)


def test_every_rejection_code_is_in_the_catalogue() -> None:
    assert _literals({"Rejection", "RejectedError"}) == set(_rows("Rejected uploads"))


def test_every_thumbnail_failure_is_in_the_catalogue() -> None:
    raised = _literals({"ThumbnailError", "_failure"}) | {ATTEMPTS_EXHAUSTED}
    assert raised == set(_rows("Failed thumbnails"))


@pytest.mark.parametrize(
    "heading",
    [
        "Codes of the object store API",
        "Codes of the rawstore API",
        "Rejected uploads",
        "Failed thumbnails",
    ],
)
def test_the_catalogue_is_in_order_and_explains_every_code(heading: str) -> None:
    rows = _rows(heading)
    assert list(rows) == sorted(rows)
    assert [code for code, cells in rows.items() if not cells[-1].endswith((".", ")"))] == []

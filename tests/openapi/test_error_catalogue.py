"""The catalogue of codes in docs/api.md, the source that raises them, and the description agree."""

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
"""What raises only errors of the rawstore API."""
PASSING_ON = ("domain/errors.py",)
"""Where the tree of errors itself hands codes on that it was given."""

NEVER_ANSWERED: dict[str, set[int]] = {
    "missing_path_variable": {400},
    "bus_unavailable": set(),
    "decoder_unavailable": set(),
}
"""No route can answer with these: see the catalogue."""


def _rows(heading: str) -> dict[str, list[str]]:
    """The cells of the table under a heading, by the code in their first one."""
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
    """Every node of a module; parsed once for all tests here."""
    return tuple(ast.walk(tree_of(path)))


def _errors() -> set[str]:
    """The names of RequestError and of everything that derives from it."""
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
def _with_a_code_of_their_own() -> frozenset[str]:
    """The errors that know their one code: whoever raises them gives something else."""
    return frozenset(
        node.name
        for path in modules()
        for node in _nodes(path)
        if isinstance(node, ast.ClassDef) and node.name in ERRORS and list(_inside(node))
    )


def _inside(error: ast.ClassDef) -> Iterator[ast.expr]:
    """The code that an error's class gives to its parent, if it is a word."""
    for call in ast.walk(error):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            yield from (code for code in _code(call) if isinstance(code, ast.Constant))


def _raised(path: Path, names: set[str]) -> Iterator[ast.expr]:
    """Every code that a module gives to one of these names.

    It is the first argument of a call, or the one called `code`; or the key of a table whose values
    are such names; or what a class of such a name gives to its parent.
    """
    own = _with_a_code_of_their_own()
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
    """The codes of the description's routes, with their statuses."""
    codes: dict[str, set[int]] = defaultdict(set)
    for operation in OPERATIONS.values():
        if operation.access in accesses:
            for status, named in operation.error_codes.items():
                for code in named:
                    codes[code].add(status)
    return codes


def test_the_tree_of_errors_was_found() -> None:
    assert {"MalformedRequestError", "NotReadyError", "MethodNotAllowedError"} <= ERRORS
    assert (PACKAGE / PASSING_ON[0]).exists()


def test_every_code_is_a_word_in_the_source() -> None:
    """Otherwise nothing here could find it; rawstore's are made of two words."""
    made_up = [
        f"{short(path)}: {ast.unparse(argument)}"
        for path in modules()
        if not short(path).startswith((*RAWSTORE, *PASSING_ON))
        for argument in _raised(path, ERRORS | {"Problem"})
        if not isinstance(argument, ast.Constant)
    ]
    assert made_up == []


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = _literals(ERRORS | {"Problem"})
    assert raised == set(_rows("Codes of the object store API"))


def test_every_code_of_rawstores_own_is_in_its_catalogue() -> None:
    raised = _literals(ERRORS | {"Problem"}, rawstore=True)
    assert raised <= set(_rows("Codes of the rawstore API"))


def test_the_catalogue_has_the_statuses_of_the_description() -> None:
    described = _described(Access.ANYONE, Access.BEARER)
    for status, codes in UNROUTED_CODES.items():
        for code in codes:
            described[code].add(status)
    assert _statuses("Codes of the object store API") == described | NEVER_ANSWERED


def test_the_catalogue_of_rawstore_has_the_statuses_of_the_description() -> None:
    assert _statuses("Codes of the rawstore API") == _described(Access.PERMISSION)


def test_every_reason_of_a_refusal_is_in_the_catalogue() -> None:
    assert _literals({"Rejection"}) == set(_rows("Rejected uploads"))


def test_every_reason_without_a_thumbnail_is_in_the_catalogue() -> None:
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

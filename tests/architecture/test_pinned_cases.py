"""docs/pinned-cases.md names existing tests, or why a case has none."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import NamedTuple

import pytest

from tests.architecture.source_files import ROOT

PAGE = (ROOT / "docs/pinned-cases.md").read_text(encoding="utf-8")
TEST_ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
TESTED = re.compile(r"`tests/")


class Case(NamedTuple):
    """A row: the reference's test, its case, and our tests or why there are none."""

    theirs: str
    pins: str
    ours: str


def _cases() -> list[Case]:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")][2:]
    return [Case(*(cell.strip() for cell in row.strip("|").split("|"))) for row in rows]


CASES = _cases()


@cache
def _tests_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.theirs}: {case.pins}")
def test_a_case_names_its_tests_or_why_it_has_none(case: Case) -> None:
    found = TEST_ID.findall(case.ours)
    assert found or case.ours.endswith(".")
    for path, name in found:
        assert name in _tests_in(path), f"there is no {path}::{name}"


def test_every_case_is_listed_once() -> None:
    assert len({(case.theirs, case.pins) for case in CASES}) == len(CASES)


def test_the_totals_of_the_page_are_correct() -> None:
    tested = sum(TESTED.match(case.ours) is not None for case in CASES)
    assert f"{len(CASES)} cases: {tested} are tested, {len(CASES) - tested} are not." in PAGE

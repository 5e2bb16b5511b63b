"""Rules about the text of all tracked files."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source_files import ROOT, modules, short, tracked_files, tree_of

# Split in two halves, so that this file does not contain them.
UNFINISHED = re.compile(
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|NotImplemented" r"Error|pragma: no co" r"ver"
)
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(ho" r"me|ro" r"ot|Us" r"ers|wo" r"rk)/[\w.-]")
UNEXPLAINED = re.compile(r"# (type: ignore|noqa)(\[[\w, -]+\]|: ?[A-Z0-9, ]+)?\s*$", re.MULTILINE)
ABSOLUTE_LIKE_EXAMPLES = {"LICENSE", "constraints.txt"}

FILES = [(name, text) for name, text in tracked_files() if name not in ABSOLUTE_LIKE_EXAMPLES]


def test_tracked_files_are_found() -> None:
    assert len(FILES) > 20


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (UNFINISHED, "something is left for later"),
        (MACHINE_PATH, "a path of somebody's machine"),
    ],
    ids=["unfinished", "machine paths"],
)
def test_no_file_contains(pattern: re.Pattern[str], why: str) -> None:
    found = [
        f"{name}: {match.group()} ({why})"
        for name, text in FILES
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_a_silenced_check_says_why() -> None:
    found = [
        f"{name}: {match.group().strip()}"
        for name, text in FILES
        if name.endswith(".py")
        for match in UNEXPLAINED.finditer(text)
    ]
    assert found == []


def test_the_package_is_typed() -> None:
    assert (ROOT / "layers/coffer/python/coffer/py.typed").exists()


def test_a_module_has_a_docstring() -> None:
    trees = {short(path): tree_of(path) for path in modules()}
    assert {
        path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)
    } == set()


def test_only_the_helper_of_the_partition_contains_the_domain_of_aws() -> None:
    """A host that is written out has the wrong domain in another partition, such as China."""
    found = [
        (name, line.strip())
        for name, text in tracked_files()
        if name.startswith(("layers/", "functions/")) and name.endswith(".py")
        for line in text.splitlines()
        if "amazonaws.com" in line
    ]
    helper = 'return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"'
    assert found == [("layers/coffer/python/coffer/adapters/signing/sigv4.py", helper)]

"""README and docs: links, make targets, files and modules that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "local/README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
TARGET = re.compile(
    r"(?:`|^)(?:[A-Z_0-9]+=\S+ )*make ((?:-s )?[a-z0-9-]+(?: [a-z0-9-]+)*)", re.MULTILINE
)


FILE = re.compile(
    r"`((?:benchmarks|coffer|docs|events|functions|layers|local|operations|tests|web)/[\w./-]+)`"
)
MODULE = re.compile(r"`(coffer(?:\.[a-z_0-9]+)+)`")
LAYER = ROOT / "layers/coffer/python"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if path.startswith(("http:", "https:")):
            continue
        there = page.parent / path if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(f"{path}#{anchor}")
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_targets_that_are_named_are_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    found = TARGET.findall(page.read_text(encoding="utf-8"))
    asked = {target for words in found for target in words.removeprefix("-s ").split()}
    assert asked <= known


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = {name: name for name in FILE.findall(text)}
    modules = {name: name.replace(".", "/") for name in MODULE.findall(text)}
    missing = [
        name
        for name, path in (files | modules).items()
        if not any(
            (base / f"{path}{end}").exists() for base in (ROOT, LAYER) for end in ("", ".py")
        )
    ]
    assert missing == []


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [named(page) for page in PAGES if page.parent in (ROOT / "docs", ROOT / "local")]
    assert [page for page in pages if f"]({page})" not in text] == []


def test_the_readme_has_the_costs_of_the_page_on_costs() -> None:
    page = (ROOT / "docs/cost.md").read_text(encoding="utf-8")
    [(least, most)] = re.findall(
        r"^\| \*\*total\*\* \| \*\*(\d+) \$\*\* \| \*\*(\d+) \$\*\* \|$", page, re.M
    )
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"a million uploads cost: {least} to {most} US dollars" in text

"""The versions in `docs/clients.md` are those that the tests install."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

from tests.e2e.stacks import ROOT


def test_the_document_has_the_installed_versions() -> None:
    text = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \((npm|PyPI)\) \| (\S+) \|", text, re.MULTILINE)
    installed: dict[str, str] = {}
    for folder in ("jsonapi", "datahub"):
        package = json.loads((ROOT / "tests" / folder / "package.json").read_text("utf-8"))
        installed |= package["dependencies"]

    assert len(rows) >= 8
    for name, source, documented in rows:
        assert documented == (installed[name] if source == "npm" else version(name)), name

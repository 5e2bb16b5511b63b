"""Messages about missing tools."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from local.commands.sam_invoke import machine_architecture
from tests.runtime.tools import MissingError, find_tools


def test_each_missing_tool_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    architecture = str(machine_architecture())
    rapid = ".tools/sam/lib/python3.13/site-packages/samcli/local/rapid"
    emulator = f"{rapid}/aws-lambda-rie-{architecture}"
    steps = {
        ".tools/runtime/bin/python": "pyenv install 3.13",
        emulator: "make validate",
        f".aws-sam/{architecture}/template.yaml": "make build",
    }
    for path, advice in steps.items():
        with pytest.raises(MissingError, match=advice):
            find_tools(tmp_path)
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert find_tools(tmp_path).emulator == tmp_path / emulator


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [("system", "Darwin", "a program for Linux"), ("machine", "riscv64", "riscv64")],
)
def test_an_unsupported_architecture_is_reported(
    what: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, what, lambda: value)
    with pytest.raises(MissingError, match=says):
        find_tools()

"""`python -m operations` as an operator meets it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.source_files import ROOT

COMMANDS = ("doctor", "redrive", "redrive-stream", "reconcile", "recount", "sweep", "rethumbnail")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_it_takes(command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "operations", command, "--help"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m operations {command}")

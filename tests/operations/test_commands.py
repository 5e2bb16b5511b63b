"""Each command in its own process, as `make` starts it: with nothing but the environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.architecture.source_files import ROOT
from tests.e2e.stacks import Stack

COMMANDS = {
    "check-update": "no table has more than one index to change",
    "doctor": "notification path",
    "redrive": "ProcessUploadDeadLetterQueue: 0 sent",
    "redrive-stream": "0 batches published, 0 failed again",
    "recount": "counters, 0 differ",
    "reconcile": "0 objects without a record",
    "sweep": "no orphans",
    "rethumbnail": "0 thumbnails requested again",
}
REFUSED = {
    "replay": "This installation has no event archive.",
    "next-steps": "Name a deployed stack: make next-steps STACK=coffer-prod",
}
"""Commands that a local stack refuses, with their error."""
ARGUMENTS = {
    "rethumbnail": ["decoder_timed_out"],
    "replay": ["--from", "2026-11-29T08:00Z", "new-images"],
}


def test_every_command_of_the_makefile_is_tested() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\(OPERATE\) ([a-z-]+)", makefile)) == {*COMMANDS, *REFUSED}


@pytest.mark.parametrize("command", [*COMMANDS, *REFUSED])
def test_a_command_runs_in_a_process_of_its_own(stack_process: Stack, command: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "operations", command, *ARGUMENTS.get(command, [])],
        cwd=ROOT,
        env={**environment, "PORT": str(stack_process.port)},
        capture_output=True,
        text=True,
        check=False,
    )
    if command in REFUSED:
        assert done.returncode == 1
        assert done.stderr.startswith(REFUSED[command])
        return
    assert (done.returncode, done.stderr) == (0, "")
    assert COMMANDS[command] in done.stdout

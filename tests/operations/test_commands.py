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
    "doctor": "notification path",
    "redrive": "ProcessUploadDeadLetterQueue: 0 sent",
    "redrive-stream": "0 batches published, 0 failed again",
    "recount": "counters, 0 differ",
    "reconcile": "0 objects without a record",
    "sweep": "no orphans",
    "rethumbnail": "0 thumbnails requested again",
}


def test_every_command_of_the_makefile_is_tested() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\(OPERATE\) ([a-z-]+)", makefile)) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs_in_a_process_of_its_own(stack_process: Stack, command: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    arguments = ["decoder_timed_out"] if command == "rethumbnail" else []
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "operations", command, *arguments],
        cwd=ROOT,
        env={**environment, "PORT": str(stack_process.port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert COMMANDS[command] in done.stdout

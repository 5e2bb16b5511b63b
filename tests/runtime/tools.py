"""Find the emulator, Lambda's runtime and the build that the suite needs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from local.commands.sam_invoke import machine_architecture

ROOT = Path(__file__).parents[2]
PYTHON = "3.13"


class MissingError(Exception):
    """A tool is missing. The message names it and the command that installs it."""


@dataclass(frozen=True)
class Tools:
    """Paths of the tools. `python` has awslambdaric; `sam_python` has the SAM CLI's modules."""

    emulator: Path
    python: Path
    sam_python: Path
    build: Path


def find_tools(root: Path = ROOT) -> Tools:
    """Return the tools below the project's folder; raise `MissingError` if one is missing."""
    if platform.system() != "Linux":
        raise MissingError("the Lambda runtime emulator is a program for Linux")
    architecture = machine_architecture()
    if architecture is None:
        raise MissingError(f"Lambda has no processor like this machine's ({platform.machine()})")
    python = root / ".tools/runtime/bin/python"
    if not python.exists():
        raise MissingError(
            f"awslambdaric isn't in .tools/runtime: `make test-runtime` installs it from PyPI, "
            f"given Python {PYTHON} on PATH or in pyenv (`pyenv install {PYTHON}`)"
        )
    sam = root / ".tools/sam"
    emulators = sorted(sam.glob(f"lib/python3*/**/rapid/aws-lambda-rie-{architecture}"))
    if not emulators:
        raise MissingError(
            "the SAM CLI, whose wheel has the Lambda runtime emulator, isn't in .tools/sam: "
            "`make validate` installs it from PyPI"
        )
    build = root / ".aws-sam" / architecture
    if not (build / "template.yaml").exists():
        raise MissingError(f"there is no build for {architecture}: run `make build`")
    return Tools(emulators[-1], python, sam / "bin/python", build)

"""Generate clients with the tools in .tools/clients, check them, and run the main job with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.stacks import ROOT

TOOLS = ROOT / ".tools/clients"
MODULES = TOOLS / "node_modules"
HERE = Path(__file__).parent


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a tool and return its output."""
    path = f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 - tools of the tests
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@dataclass(frozen=True)
class Job:
    """A generated client, and the command that does the main job with it."""

    generated: subprocess.CompletedProcess[str]
    """Result of the generator."""
    checked: subprocess.CompletedProcess[str]
    """Result of the type checker."""
    command: tuple[str | Path, ...]
    folder: Path

    def work(self, *arguments: str | Path) -> dict[str, Any]:
        """Do the main job and return what the responses had."""
        done = run(*self.command, *arguments, folder=self.folder, PYTHONPATH=str(self.folder))
        assert done.returncode == 0, done.stderr[-5000:]
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return seen


def python_job(document: str, folder: Path) -> Job:
    """Generate the Python client with default settings, and check it and its use."""
    generated = run(
        "openapi-python-client", "generate", "--url", document,
        "--output-path", folder / "project", folder=folder,
    )  # fmt: skip
    assert generated.returncode == 0, generated.stdout + generated.stderr
    package = shutil.move(folder / "project/coffer_client", folder / "coffer_client")
    script = shutil.copy(HERE / "main_job.py", folder)
    # client.py is the same for every document, and mypy finds faults in it.
    checked = run(
        "mypy", "--follow-imports=silent", script, Path(package) / "api", Path(package) / "models",
        folder=folder,
    )  # fmt: skip
    return Job(generated, checked, ("python", script), folder)


def typescript_job(document: str, folder: Path, node: str) -> Job:
    """Generate the types of TypeScript, and check and compile a program that uses them."""
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    generated = run(
        node, MODULES / "openapi-typescript/bin/cli.js", document, "-o", folder / "api.d.ts",
        folder=folder,
    )  # fmt: skip
    assert generated.returncode == 0, generated.stdout + generated.stderr
    script = shutil.copy(HERE / "main_job.ts", folder)
    checked = run(
        node, MODULES / "typescript/bin/tsc", "--strict", "--target", "es2022",
        "--module", "nodenext", "--outDir", folder / "built", script, folder=folder,
    )  # fmt: skip
    return Job(generated, checked, (node, folder / "built/main_job.js"), folder)

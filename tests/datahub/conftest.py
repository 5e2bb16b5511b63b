"""npm's datahub-client, a stack that it pushes to, and a stand-in for the rest of DataHub.

The suite needs Node.js and the packages that `make test-datahub` installs. If one is missing, the
tests are skipped with its name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.datahub.platform import KEY, Platform
from tests.datahub.pushing import MODULES, Pusher
from tests.e2e.stacks import Stack

PARAMETERS = ["", "StoragePathPattern={md5_hex}{extension}"]
"""A stack with default parameters, and one whose keys are the MD5 of the files."""


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node.js; skip the tests if it or the client is missing."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no Node.js (on Debian: `apt-get install nodejs npm`)")
    if not (MODULES / "datahub-client").is_dir():
        pytest.skip("datahub-client isn't installed: run `make test-datahub`, which needs npm")
    return found


@pytest.fixture(scope="session", params=PARAMETERS, ids=["defaults", "by content"])
def stack(
    request: pytest.FixtureRequest, node: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Return a stack that accepts tokens of the auth server of `platform`."""
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    starting = Stack(
        tmp_path_factory.mktemp("datahub"),
        PARAMETERS=request.param,
        DATAHUB_PUBLIC_KEY=public.decode(),
    )
    with starting.running() as running:
        yield running


@pytest.fixture
def platform(stack: Stack) -> Iterator[Platform]:
    """Return the stand-in for DataHub, with a user without files."""
    with Platform(stack.port, uuid4().hex).running() as running:
        yield running


@pytest.fixture
def other_pusher(stack: Stack, node: str, tmp_path: Path) -> Iterator[Pusher]:
    """Return a pusher of another user of the same stack."""
    with Platform(stack.port, uuid4().hex).running() as platform:
        yield Pusher(stack, platform, node, tmp_path / "other")


@pytest.fixture
def pusher(stack: Stack, platform: Platform, node: str, tmp_path: Path) -> Pusher:
    """Return a pusher with a dataset of ten files."""
    return Pusher(stack, platform, node, tmp_path)

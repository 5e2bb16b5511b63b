"""npm's datahub-client, a stack to push to, and the rest of DataHub.

The suite needs Node.js and the packages that `make test-datahub` installs; where something is
missing it is skipped, and says what.
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

PATTERNS = ["{owner}/{path}", "{md5_hex}{extension}"]
"""The client names no dataset, so the stack's default pattern would refuse it."""


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node.js is, and the client with it."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no Node.js (on Debian: `apt-get install nodejs npm`)")
    if not (MODULES / "datahub-client").is_dir():
        pytest.skip("datahub-client isn't installed: run `make test-datahub`, which needs npm")
    return found


@pytest.fixture(scope="session", params=PATTERNS)
def stack(
    request: pytest.FixtureRequest, node: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack that believes the auth server of `platform`."""
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    starting = Stack(
        tmp_path_factory.mktemp("datahub"),
        PARAMETERS=f"StoragePathPattern={request.param}",
        DATAHUB_PUBLIC_KEY=public.decode(),
    )
    with starting.running() as running:
        yield running


@pytest.fixture
def platform(stack: Stack) -> Iterator[Platform]:
    """DataHub, with a user who has nothing there yet."""
    with Platform(stack.port, uuid4().hex).running() as running:
        yield running


@pytest.fixture
def other_pusher(stack: Stack, node: str, tmp_path: Path) -> Iterator[Pusher]:
    """Another user's, of the same stack."""
    with Platform(stack.port, uuid4().hex).running() as platform:
        yield Pusher(stack, platform, node, tmp_path / "other")


@pytest.fixture
def pusher(stack: Stack, platform: Platform, node: str, tmp_path: Path) -> Pusher:
    """A dataset of ten files, and the client to push it with."""
    return Pusher(stack, platform, node, tmp_path)

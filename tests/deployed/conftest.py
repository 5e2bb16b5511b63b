"""The stack, deployed once for all tests of this folder; everything is stopped at the end."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed.certificates import create_certificates
from tests.deployed.client import ApiClient
from tests.deployed.deployment import ROOT, Deployment
from tests.deployed.emulator import Emulator
from tests.deployed.issuer import Issuer
from tests.deployed.network import isolate

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}
_FIGURES = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Leave the network before anything is started."""
    config.stash[_FIGURES] = {"network": "loopback only" if isolate() else "the machine's"}


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, str]:
    """What the run prints at its end, by name."""
    return pytestconfig.stash[_FIGURES]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployed")


@pytest.fixture(scope="session")
def issuer_and_emulator(folder: Path) -> Iterator[tuple[Issuer, Emulator]]:
    certificates = create_certificates(folder)
    issuer = Issuer(certificates)
    try:
        emulator = Emulator(folder, certificates)
        try:
            yield issuer, emulator
        finally:
            emulator.stop()
    finally:
        issuer.stop()


@pytest.fixture(scope="session")
def issuer(issuer_and_emulator: tuple[Issuer, Emulator]) -> Issuer:
    return issuer_and_emulator[0]


@pytest.fixture(scope="session")
def emulator(issuer_and_emulator: tuple[Issuer, Emulator]) -> Emulator:
    return issuer_and_emulator[1]


@pytest.fixture(scope="session")
def deployment(
    issuer: Issuer, emulator: Emulator, folder: Path, figures: dict[str, str]
) -> Deployment:
    architecture = _ARCHITECTURES.get(platform.machine(), "x86_64")
    started = time.monotonic()
    deployed = Deployment(emulator, issuer, ROOT / ".aws-sam" / architecture, folder)
    figures["deployed in"] = f"{time.monotonic() - started:.0f} s"
    figures["resources"] = str(len(deployed.resources))
    return deployed


@pytest.fixture(scope="session")
def api(
    emulator: Emulator, deployment: Deployment, issuer: Issuer, figures: dict[str, str]
) -> Iterator[ApiClient]:
    """A client whose user may do everything in the group `mybucket`, and administers the realm."""
    token = issuer.token("alice", ["mybucket/super-user"], ["dina-admin"])
    client = ApiClient(emulator, deployment, token)
    yield client
    figures["calls of the API"] = str(len(client.calls))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures of this run."""
    for name, value in config.stash[_FIGURES].items():
        terminalreporter.write_line(f"{name}: {value}")

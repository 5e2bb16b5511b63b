"""The suite runs on a Ceph that `make test-s3` starts; without one it isn't collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.storage.polling import BucketPoller
from tests.api.aws_calls import AwsCalls
from tests.ceph.plugin import CEPH
from tests.ceph.sides import Side, connect, own_store

PLUGIN = "tests.ceph.plugin"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Every file here, unless the plugin is loaded: `make test` needs nothing from Debian."""
    return None if config.pluginmanager.has_plugin(PLUGIN) else True


@pytest.fixture
def aws_calls(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """The counter and killer of the handlers' AWS calls; listing for events is none of those."""
    calls, listing = AwsCalls(monkeypatch), BucketPoller.run_once

    def list_uncounted(watch: BucketPoller) -> bool:
        with calls.uncounted():
            return listing(watch)

    monkeypatch.setattr(BucketPoller, "run_once", list_uncounted)
    return calls


@pytest.fixture(scope="session")
def both_sides(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Side, Side]]:
    """The stack's own S3, and Ceph."""
    ceph = pytestconfig.stash[CEPH]
    with own_store(tmp_path_factory.mktemp("own")) as local:
        other = connect("Ceph", ceph.url, ceph.keys)
        yield local, other
        other.s3.close()


@pytest.fixture
def sides(both_sides: tuple[Side, Side]) -> tuple[Side, Side]:
    """Both, with nothing in their buckets."""
    for side in both_sides:
        side.empty()
    return both_sides

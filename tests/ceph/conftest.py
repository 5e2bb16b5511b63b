"""Fixtures of the tests on Ceph. They are only collected by `make test-s3`, which starts Ceph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.storage.polling import BucketPoller
from tests.api.aws_calls import AwsCalls
from tests.ceph.plugin import CEPH
from tests.ceph.stores import Store, connect, local_store

PLUGIN = "tests.ceph.plugin"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore all files here unless the plugin is loaded: `make test` needs no Debian packages."""
    return None if config.pluginmanager.has_plugin(PLUGIN) else True


@pytest.fixture
def aws_calls(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """Return the counter of the handlers' AWS calls; it ignores listings for events."""
    calls, listing = AwsCalls(monkeypatch), BucketPoller.run_once

    def list_uncounted(watch: BucketPoller) -> bool:
        with calls.uncounted():
            return listing(watch)

    monkeypatch.setattr(BucketPoller, "run_once", list_uncounted)
    return calls


@pytest.fixture(scope="session")
def both_stores(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Store]]:
    """Return the stack's own S3 and Ceph."""
    ceph = pytestconfig.stash[CEPH]
    with local_store(tmp_path_factory.mktemp("own")) as local:
        other = connect("Ceph", ceph.url, ceph.keys)
        yield local, other
        other.s3.close()


@pytest.fixture
def stores(both_stores: tuple[Store, Store]) -> tuple[Store, Store]:
    """Return both stores with empty buckets."""
    for store in both_stores:
        store.empty()
    return both_stores

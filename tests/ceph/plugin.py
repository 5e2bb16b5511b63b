"""`pytest -p tests.ceph.plugin tests/ceph`: start Ceph and the stack on it, print a table."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pytest

from local.resources import Bucket
from local.stack import LocalStack
from local.storage.external import ExternalStorage
from tests.ceph.cluster import Ceph, missing_packages
from tests.ceph.comparison import ROWS, table
from tests.session import STACK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CEPH = pytest.StashKey[Ceph]()


class EmptiedStorage(ExternalStorage):
    """A store for tests, which is emptied between tests."""

    def create_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Create the buckets and remember them."""
        super().create_buckets(client, buckets)
        self._client, self._names = client, [bucket.name for bucket in buckets]

    def has_buckets(self, buckets: Collection[str]) -> bool:
        """Return True if these buckets exist: a test may have deleted one."""
        return set(buckets) <= self._existing()

    def reset(self) -> None:
        """Empty the buckets; deleted ones are created again later."""
        self.empty()

    def empty(self) -> None:
        """Delete all objects and unfinished uploads."""
        for name in self._existing().intersection(self._names):
            empty_bucket(self._client, name)

    def _existing(self) -> set[str]:
        return {str(one["Name"]) for one in self._client.list_buckets()["Buckets"]}


def empty_bucket(client: S3Client, name: str) -> None:
    """Delete the objects one by one: Ceph 16 requires an MD5 for a list of keys."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for one in page.get("Contents", ()):
            client.delete_object(Bucket=name, Key=one["Key"])
    for upload in client.list_multipart_uploads(Bucket=name).get("Uploads", ()):
        client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    missing = missing_packages()
    if missing:
        pytest.exit(
            f"skipped: there is no Ceph here. On Debian: apt-get install {' '.join(missing)}",
            returncode=0,
        )
    ceph = Ceph().__enter__()
    config.stash[CEPH] = ceph
    config.stash[ROWS] = []
    config.stash[STACK] = LocalStack(external_storage=EmptiedStorage(ceph.url, ceph.keys)).start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    ceph = config.stash.get(CEPH, None)
    if ceph is not None:
        ceph.__exit__()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in table(config.stash.get(ROWS, [])):
        terminalreporter.write_line(line)
    ceph = config.stash[CEPH]
    terminalreporter.write_line(
        f"{ceph.version}, ready in {ceph.took_seconds:.1f} s, "
        f"{ceph.resident_bytes / 1024**2:.0f} MiB resident at the end"
    )

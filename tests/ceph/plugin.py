"""`pytest -p tests.ceph.plugin tests/ceph`: a Ceph, the run's stack on it, a table at the end."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pytest

from local.resources import Bucket
from local.stack import LocalStack
from local.storage.external import ExternalStorage
from tests.ceph.comparison import ROWS, table
from tests.ceph.rig import Ceph, missing_packages
from tests.session import STACK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CEPH = pytest.StashKey[Ceph]()


class EmptiedStorage(ExternalStorage):
    """A store that is the tests' own: between two of them everything in it goes."""

    def create_buckets(self, client: S3Client, buckets: Collection[Bucket]) -> None:
        """Remembers them, too."""
        super().create_buckets(client, buckets)
        self._client, self._names = client, [bucket.name for bucket in buckets]

    def holds(self, buckets: Collection[str]) -> bool:
        """Whether these buckets are still there: a test may have taken one away."""
        return set(buckets) <= self._there()

    def reset(self) -> None:
        """Empties what is left; what isn't will be made again."""
        self.empty()

    def empty(self) -> None:
        """Deletes every object and every upload under way."""
        for name in self._there().intersection(self._names):
            empty_bucket(self._client, name)

    def _there(self) -> set[str]:
        return {str(one["Name"]) for one in self._client.list_buckets()["Buckets"]}


def empty_bucket(client: S3Client, name: str) -> None:
    """Deletes what is in a bucket, one by one: Ceph 16 wants an MD5 with a list of keys."""
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

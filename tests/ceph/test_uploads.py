"""Uploads on Ceph: a file is uploaded, processed, described and downloaded."""

from __future__ import annotations

import hashlib

import pytest

from local.stack import LocalStack
from tests.api import test_uploads as job
from tests.api.clients import post, presigned_post, record
from tests.api.images import png
from tests.ceph.reused_tests import mark_unsupported, reuse

globals().update(reuse(job))

BEYOND_CEPH = {
    "test_checksums_of_the_client_are_verified_by_the_store": (
        "Ceph 16 verifies no checksum of a form"
    ),
}


@pytest.fixture(autouse=True)
def _as_far_as_ceph_can(request: pytest.FixtureRequest) -> None:
    mark_unsupported(request, BEYOND_CEPH)


def test_the_store_computes_no_checksum_so_the_bytes_are_hashed_once(stack: LocalStack) -> None:
    body = png() + bytes(300_000)
    presigned = presigned_post(stack, name="large.png")
    assert post(presigned, body) == 201
    stack.settle()
    found = record(stack, presigned["fileIdentifier"])
    assert found["uploadStatus"] == "AVAILABLE"
    assert found["sha1Hex"] == hashlib.sha1(body).hexdigest()
    assert found["crc32"] is not None
    etag = hashlib.md5(body).hexdigest()
    assert stack.keys("ObjectBucket", "objects/") == [
        f"objects/mybucket/{presigned['fileIdentifier']}-{etag}.png"
    ]

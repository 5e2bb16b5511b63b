"""Exports on Ceph, and the contract of the Archives port."""

from __future__ import annotations

import pytest

from coffer.domain.export.layout import MIB
from local.stack import LocalStack
from tests.api.test_export import ask
from tests.ceph.reused_tests import reuse
from tests.contract import test_export_archives as contract
from tests.contract.test_export_archives import Store
from tests.export.test_api import archive_of, built, names_in, uploaded, uploaded_to_s3

globals().update(reuse(contract))


@pytest.fixture
def store(stack: LocalStack) -> Store:
    """Return Ceph as the functions use it."""
    return contract.on_s3(stack)


def test_an_archive_with_every_kind_of_member_is_valid(stack: LocalStack) -> None:
    files = [
        uploaded(stack, b"a,b\n" * 50_000, "table é.csv", "text/csv"),
        uploaded_to_s3(stack, 11 * MIB, 1, "scan.dat"),
        uploaded_to_s3(stack, 6 * MIB, 2, "photo.dat"),
        uploaded_to_s3(stack, 12 * MIB, 3, "last.dat"),
        uploaded(stack, b"small", "small.bin", "application/octet-stream"),
    ]
    stack.settle()
    response = ask(stack, files, exportLayout={"scans/": files[1:2]})
    archive = archive_of(stack, response)
    assert sorted(names_in(archive)) == [
        "last.dat", "photo.dat", "scans/scan.dat", "small.bin", "table é.csv",
    ]  # fmt: skip
    attributes = built(stack, response)
    assert (attributes["status"], attributes["problems"]) == ("COMPLETED", [])
    left = [key for key in stack.keys("ObjectBucket", "exports/") if "/parts/" in key]
    assert left == []


def test_an_export_with_a_missing_file_is_partial(stack: LocalStack) -> None:
    files = [
        uploaded_to_s3(stack, 11 * MIB, 1, "scan.dat"),
        uploaded_to_s3(stack, 12 * MIB, 2, "gone.dat"),
    ]
    stack.settle()
    response = ask(stack, files)
    [gone] = [key for key in stack.keys("ObjectBucket", "objects/") if files[1] in key]
    stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=gone)
    attributes = built(stack, response)
    assert attributes["status"] == "PARTIAL"
    assert [p["code"] for p in attributes["problems"]] == ["file_missing"]
    assert names_in(archive_of(stack, response)) == ["scan.dat"]

"""The Objects port on Ceph: its contract, and the differences of Ceph."""

from __future__ import annotations

import pytest

from coffer.adapters.s3.objects import s3_client
from coffer.domain.errors import ObjectChangedError
from local.stack import LocalStack
from tests.ceph.reused_tests import mark_unsupported, reuse
from tests.contract import test_objects as contract
from tests.contract.test_objects import BODY, FINAL, KEY, OTHER, Store, is_missing, read_all
from tests.fakes.objects import crc32_of, etag_of, sha1_of

globals().update(reuse(contract))

NO_CHECKSUMS = "Ceph 16 computes no checksums"
BEYOND_CEPH = {
    "test_checksums_of_the_store_are_read": NO_CHECKSUMS,
    "test_a_written_object_has_its_type_and_hash": NO_CHECKSUMS,
    "test_bytes_with_a_wrong_hash_are_not_stored": NO_CHECKSUMS,
    "test_a_promoted_object_is_a_copy_with_its_own_type_and_checksum": NO_CHECKSUMS,
    "test_an_earlier_copy_is_accepted_after_its_source_was_removed": NO_CHECKSUMS,
    "test_a_store_without_conditions_promotes_too": NO_CHECKSUMS,
    "test_an_object_with_another_etag_is_not_removed": "Ceph 16 ignores If-Match on DELETE",
    "test_promoting_twice_keeps_the_first_copy": "Ceph 16 ignores If-None-Match on a copy",
}


@pytest.fixture(autouse=True)
def _as_far_as_ceph_can(request: pytest.FixtureRequest) -> None:
    mark_unsupported(request, BEYOND_CEPH)


@pytest.fixture
def store(stack: LocalStack) -> Store:
    """Return Ceph as the functions use it."""
    return contract.on_s3(stack, s3_client(), copy_conditions=False)


@pytest.fixture
def store_without_conditions(stack: LocalStack) -> Store:
    """Return Ceph without the header with which it checks conditions on copies."""
    client = s3_client()
    store = contract.on_s3(stack, client, copy_conditions=False)
    client.meta.events.register("before-sign.s3.CopyObject", contract.without_conditions)
    return store


def test_a_copy_has_the_bytes_and_the_etag_of_its_source(store: Store) -> None:
    arrived = store.arrive(metadata={"coffer-grant": "abc"})
    for _ in range(2):
        promoted = store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
        assert (promoted.key, promoted.etag, promoted.size_bytes) == (
            FINAL,
            etag_of(BODY),
            len(BODY),
        )
        assert (promoted.sha1_hex, promoted.crc32) == (None, None)
    described = store.objects.describe(FINAL)
    assert (described.content_type, described.metadata) == ("image/png", {})
    assert read_all(store, FINAL) == read_all(store, KEY) == BODY
    assert store.objects.digest(FINAL) == (sha1_of(BODY), crc32_of(BODY))


@pytest.mark.parametrize("which", ["store", "store_without_conditions"])
def test_other_bytes_are_never_promoted(which: str, request: pytest.FixtureRequest) -> None:
    store: Store = request.getfixturevalue(which)
    arrived = store.arrive()
    store.arrive(OTHER)
    with pytest.raises(ObjectChangedError):
        store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    assert is_missing(store, FINAL)


def test_an_existing_copy_stays_if_its_source_is_replaced(store: Store) -> None:
    arrived = store.arrive()
    store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    store.arrive(OTHER)
    again = store.objects.promote(arrived, FINAL, content_type="image/png", checksum="SHA1")
    assert again.etag == etag_of(BODY)
    assert read_all(store, FINAL) == BODY

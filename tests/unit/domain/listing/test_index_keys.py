"""Index keys of records."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.identifiers import shard_of
from coffer.domain.listing.fields import SORT_ORDERS
from coffer.domain.listing.index_keys import Kind, SortOrder, index_keys_of, name_prefix, shard_key
from coffer.domain.uploads.record import UploadStatus
from tests.fakes.clocks import NOON
from tests.fakes.records import METADATA, identifier, metadata, pending, thumbnail, upload

CREATED = f"2026-11-22T12:00:00.250000Z#{METADATA}"


def test_metadata_has_a_sort_key_for_every_order() -> None:
    later = NOON + timedelta(hours=1)
    keys = index_keys_of(
        metadata(bucket="AAFC", original_filename="Leaf.PNG", xmp_metadata_date=later)
    )
    assert keys is not None
    assert (keys.bucket_key, keys.shard) == ("aafc", "public#3")
    assert keys.sort_keys == {
        SortOrder.CREATED: CREATED,
        SortOrder.CHANGED: f"2026-11-22T13:00:00.250000Z#{METADATA}",
        SortOrder.NAMED: f"leaf.png\t{CREATED}",
    }


def test_each_kind_has_the_sort_keys_of_its_orders() -> None:
    for kind, record in (
        (Kind.METADATA, metadata()),
        (Kind.DERIVATIVE, thumbnail()),
        (Kind.OBJECT_UPLOAD, upload()),
    ):
        keys = index_keys_of(record)
        assert keys is not None
        assert tuple(keys.sort_keys) == SORT_ORDERS[kind]


@pytest.mark.parametrize(
    "record",
    [
        pending(),
        upload(status=UploadStatus.PROCESSING),
        upload(deleted_on=NOON),
        metadata(deleted_on=NOON),
        thumbnail(deleted_on=NOON),
    ],
    ids=["pending", "processing", "deleted upload", "deleted metadata", "deleted derivative"],
)
def test_records_that_no_list_shows_have_no_index_keys(record: object) -> None:
    assert index_keys_of(record) is None  # type: ignore[arg-type]  # one of three, says the list


def test_a_rejected_upload_is_listed() -> None:
    assert index_keys_of(upload(status=UploadStatus.REJECTED)) is not None


def test_an_upload_is_never_public() -> None:
    keys = index_keys_of(upload())
    assert keys is not None
    assert keys.shard == "private#1"


def test_the_last_digit_of_the_id_is_the_shard() -> None:
    assert shard_of(identifier(0xAB)) == "b"
    assert shard_of(identifier(0xAB).upper()) == "b"
    assert shard_key("b", is_public=False) == "private#b"
    assert shard_key("1", is_public=True) == "public#1"


def test_an_external_resource_has_no_name_and_comes_first() -> None:
    keys = index_keys_of(metadata(original_filename=None))
    assert keys is not None
    assert keys.sort_keys[SortOrder.NAMED] == f"\t{CREATED}"


def test_a_long_name_is_cut_to_the_length_of_an_index_key() -> None:
    keys = index_keys_of(metadata(original_filename="标" * 250 + "本" * 100))
    assert keys is not None
    sort_key = keys.sort_keys[SortOrder.NAMED].encode()
    assert len(sort_key) <= 1024
    assert sort_key.startswith("标".encode() * 250)


NAMES = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=100)


@given(NAMES, NAMES)
def test_names_sort_without_regard_to_case(one: str, other: str) -> None:
    assert (name_prefix(one) < name_prefix(other)) == (one.lower() < other.lower())

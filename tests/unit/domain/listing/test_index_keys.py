"""Where records are listed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.identifiers import shard_of
from coffer.domain.listing.index_keys import (
    SORT_ORDERS,
    Kind,
    SortOrder,
    index_keys_of,
    name_prefix,
    shard_key,
)
from coffer.domain.uploads.record import UploadStatus
from tests.fakes.clocks import NOON
from tests.fakes.records import METADATA, identifier, metadata, pending, thumbnail, upload

CREATED = f"2026-11-22T12:00:00.250000Z#{METADATA}"


def test_metadata_has_a_place_in_every_order() -> None:
    later = NOON + timedelta(hours=1)
    place = index_keys_of(
        metadata(bucket="AAFC", original_filename="Leaf.PNG", xmp_metadata_date=later)
    )
    assert place is not None
    assert (place.bucket_key, place.shard) == ("aafc", "public#3")
    assert place.positions == {
        SortOrder.CREATED: CREATED,
        SortOrder.CHANGED: f"2026-11-22T13:00:00.250000Z#{METADATA}",
        SortOrder.NAMED: f"leaf.png\t{CREATED}",
    }


def test_each_kind_has_the_positions_of_its_orders() -> None:
    for kind, record in (
        (Kind.METADATA, metadata()),
        (Kind.DERIVATIVE, thumbnail()),
        (Kind.OBJECT_UPLOAD, upload()),
    ):
        place = index_keys_of(record)
        assert place is not None
        assert tuple(place.positions) == SORT_ORDERS[kind]


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
def test_what_readers_may_not_see_has_no_place(record: object) -> None:
    assert index_keys_of(record) is None  # type: ignore[arg-type]  # one of three, says the list


def test_a_refused_upload_is_listed() -> None:
    assert index_keys_of(upload(status=UploadStatus.REJECTED)) is not None


def test_an_upload_is_public_to_nobody_by_itself() -> None:
    place = index_keys_of(upload())
    assert place is not None
    assert place.shard == "private#1"


def test_the_last_digit_of_the_id_is_the_shard() -> None:
    assert shard_of(identifier(0xAB)) == "b"
    assert shard_of(identifier(0xAB).upper()) == "b"
    assert shard_key("b", is_public=False) == "private#b"
    assert shard_key("1", is_public=True) == "public#1"


def test_something_outside_has_no_name_and_comes_first() -> None:
    place = index_keys_of(metadata(original_filename=None))
    assert place is not None
    assert place.positions[SortOrder.NAMED] == f"\t{CREATED}"


def test_a_long_name_is_cut_to_what_an_index_takes() -> None:
    place = index_keys_of(metadata(original_filename="标" * 250 + "本" * 100))
    assert place is not None
    position = place.positions[SortOrder.NAMED].encode()
    assert len(position) <= 1024
    assert position.startswith("标".encode() * 250)


NAMES = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=100)


@given(NAMES, NAMES)
def test_names_sort_by_their_letters_whatever_their_case(one: str, other: str) -> None:
    assert (name_prefix(one) < name_prefix(other)) == (one.lower() < other.lower())

"""The Lists port, kept by the fake and by DynamoDB alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import Kind, Record, SortOrder, index_keys_of, name_prefix
from coffer.domain.listing.ports import Lists, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange
from coffer.domain.listing.resources import identifier_of
from coffer.domain.metadata.record import Metadata
from tests.fakes import InMemoryLists
from tests.fakes.clocks import NOON
from tests.fakes.records import identifier, metadata, pending, thumbnail, upload

Filled = Callable[[Sequence[Record]], Lists]

NAMES = ("b.png", "a.png", "B.PNG", "a.png.png", "a", None)
RECORDS: list[Metadata] = [
    metadata(
        identifier=identifier(number),
        bucket=("aafc", "AAFC", "bicoe")[number % 3],
        created_on=NOON + timedelta(minutes=(number * 7) % 12),
        xmp_metadata_date=NOON + timedelta(minutes=(number * 5) % 12),
        original_filename=NAMES[number % len(NAMES)],
        publicly_releasable=number % 2 == 0,
    )
    for number in range(24)
]
STRETCHES = {
    "a bucket by creation": KeyRange(order=SortOrder.CREATED, bucket_key="aafc"),
    "a bucket by change": KeyRange(order=SortOrder.CHANGED, bucket_key="aafc"),
    "a bucket by name": KeyRange(order=SortOrder.NAMED, bucket_key="aafc"),
    "one name of a bucket": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", beginning=name_prefix("b.png")
    ),
    "the beginning of another": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", beginning=name_prefix("a")
    ),
    "nobody's name": KeyRange(
        order=SortOrder.NAMED, bucket_key="aafc", beginning=name_prefix("zz.png")
    ),
    "a public shard": KeyRange(order=SortOrder.CREATED, shard="public#4"),
    "a shard by change": KeyRange(order=SortOrder.CHANGED, shard="private#5"),
    "a shard by name": KeyRange(order=SortOrder.NAMED, shard="public#0"),
    "no such bucket": KeyRange(order=SortOrder.CREATED, bucket_key="nobody"),
}


@pytest.fixture(params=["in memory", "DynamoDB"])
def filled(request: pytest.FixtureRequest) -> Filled:
    if request.param == "in memory":
        return InMemoryLists
    request.getfixturevalue("stack")
    return _filled_tables


def _filled_tables(records: Sequence[Record]) -> Lists:
    for record in records:
        match record:
            case Metadata():
                MetadataItem.of(record).save()
            case Derivative():
                DerivativeItem.of(record).save()
            case _:
                UploadItem.of(record).save()
    return DynamoLists()


def _expected(stretch: KeyRange, *, descending: bool) -> list[str]:
    """The positions in a stretch, by the definition of what it holds."""
    places = [place for record in RECORDS if (place := index_keys_of(record))]
    return sorted(
        (
            place.positions[stretch.order]
            for place in places
            if (stretch.bucket_key or place.bucket_key) == place.bucket_key
            and (stretch.shard or place.shard) == place.shard
            and place.positions[stretch.order].startswith(stretch.beginning)
        ),
        reverse=descending,
    )


def _positions(found: RangePage) -> list[str]:
    return [entry.position for entry in found.entries]


@pytest.mark.parametrize("descending", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("stretch", STRETCHES.values(), ids=STRETCHES)
def test_a_stretch_is_read_in_order_whatever_the_steps(
    filled: Filled, stretch: KeyRange, descending: bool
) -> None:
    lists = filled(RECORDS)
    expected = _expected(stretch, descending=descending)
    for limit in (1, 3, 50):
        read: list[str] = []
        for _ in range(len(expected) + 2):
            after = read[-1] if read else None
            question = RangeRead(stretch=stretch, limit=limit, after=after, descending=descending)
            (found,) = lists.read(Kind.METADATA, [question])
            assert len(found.entries) <= limit
            read += _positions(found)
            if found.ended:
                break
        assert read == expected


@pytest.mark.parametrize("after", ["", "a", f"b.png\t{NOON.isoformat()}", "zzz"])
@pytest.mark.parametrize("descending", [False, True], ids=["forwards", "backwards"])
def test_a_stretch_goes_on_behind_any_position(
    filled: Filled, after: str, descending: bool
) -> None:
    stretch = STRETCHES["one name of a bucket"]
    question = RangeRead(stretch=stretch, limit=50, after=after or " ", descending=descending)
    (found,) = filled(RECORDS).read(Kind.METADATA, [question])
    assert _positions(found) == [
        position
        for position in _expected(stretch, descending=descending)
        if (position < (after or " ")) == descending
    ]


def test_several_questions_are_answered_in_their_order(filled: Filled) -> None:
    questions = [RangeRead(stretch=stretch, limit=50) for stretch in STRETCHES.values()]
    found = filled(RECORDS).read(Kind.METADATA, questions)
    assert [_positions(one) for one in found] == [
        _expected(stretch, descending=False) for stretch in STRETCHES.values()
    ]


def test_a_record_comes_back_as_it_went_or_not_at_all(filled: Filled) -> None:
    lists = filled(RECORDS)
    stretch = STRETCHES["a bucket by creation"]
    (whole,) = lists.read(Kind.METADATA, [RangeRead(stretch=stretch, limit=50)])
    known = {record.identifier: record for record in RECORDS}
    for entry in whole.entries:
        assert entry.record is not None
        assert entry.record == known[identifier_of(entry.record)]
    (bare,) = lists.read(Kind.METADATA, [RangeRead(stretch=stretch, limit=50, with_records=False)])
    assert _positions(bare) == _positions(whole)
    assert {entry.record for entry in bare.entries} == {None}


def test_each_kind_is_listed_by_itself(filled: Filled) -> None:
    lists = filled([metadata(), thumbnail(), upload()])
    stretch = KeyRange(order=SortOrder.CREATED, bucket_key="aafc")
    for kind, record in (
        (Kind.METADATA, metadata()),
        (Kind.DERIVATIVE, thumbnail()),
        (Kind.OBJECT_UPLOAD, upload()),
    ):
        (found,) = lists.read(kind, [RangeRead(stretch=stretch, limit=5)])
        assert [entry.record for entry in found.entries] == [record]


def test_what_readers_may_not_see_is_in_no_stretch(filled: Filled) -> None:
    lists = filled([metadata(deleted_on=NOON), thumbnail(deleted_on=NOON), pending()])
    for kind in Kind:
        for stretch in (
            KeyRange(order=SortOrder.CREATED, bucket_key="aafc"),
            *(
                KeyRange(order=SortOrder.CREATED, shard=f"{publicness}#{digit}")
                for publicness in ("public", "private")
                for digit in "0123456789abcdef"
            ),
        ):
            assert _positions(*lists.read(kind, [RangeRead(stretch=stretch, limit=5)])) == []


def test_derivatives_are_found_by_what_they_were_made_from(filled: Filled) -> None:
    first, second = identifier(100), identifier(101)
    made = [
        thumbnail(
            identifier=identifier(number),
            ac_derived_from=first,
            created_on=NOON - timedelta(minutes=number),
        )
        for number in (1, 2)
    ]
    gone = thumbnail(identifier=identifier(3), ac_derived_from=first, deleted_on=NOON)
    found = filled([*made, gone]).derivatives([first, second])
    assert {one: list(derivatives) for one, derivatives in found.items()} == {
        first: [made[1], made[0]],
        second: [],
    }
